#include "app/parent/session.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <memory>

namespace howdah::app {

void kill_session(pid_t leader) {
  std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), ::closedir);
  if (!processes) return;
  while (const dirent* entry = ::readdir(processes.get())) {
    pid_t pid = static_cast<pid_t>(::atoi(entry->d_name));
    if (pid > 1 && pid != leader && ::getsid(pid) == leader) ::kill(pid, SIGKILL);
  }
}

}  // namespace howdah::app

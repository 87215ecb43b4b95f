#include "base/exit_status.h"

#include <sys/wait.h>

#include <cstring>

namespace howdah::base {

std::string describe_exit(int wait_status) {
  if (!WIFSIGNALED(wait_status)) return "exit status " + std::to_string(WEXITSTATUS(wait_status));
  const int number = WTERMSIG(wait_status);
  const char* name = ::sigabbrev_np(number);
  std::string text = name != nullptr ? std::string("killed by SIG") + name
                                     : "killed by signal " + std::to_string(number);
  if (WCOREDUMP(wait_status)) text += ", core dumped";
  return text;
}

}  // namespace howdah::base

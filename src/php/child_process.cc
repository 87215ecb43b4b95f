#include "php/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "base/fd.h"
#include "php/host_stderr.h"

namespace howdah::php {
namespace {

constexpr int kExitNoParent = 70;
// Workers are the first choice of the OOM killer in their server.
constexpr int kOomScoreRaise = 300;
constexpr int kOomScoreMax = 1000;

void raise_oom_score() {
  base::UniqueFd file(::open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC));
  char text[16] = {};
  if (!file || ::pread(file.get(), text, sizeof text - 1, 0) <= 0) return;
  int score = 0;
  std::from_chars(text, text + std::strlen(text), score);
  int size = std::snprintf(text, sizeof text, "%d", std::min(score + kOomScoreRaise, kOomScoreMax));
  [[maybe_unused]] ssize_t written = ::pwrite(file.get(), text, static_cast<size_t>(size), 0);
}

}  // namespace

void settle_child_process(int parent, int output) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kExitNoParent);
  redirect_stdio(output);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  raise_oom_score();
}

void kill_with_children(int pid) {
  ::kill(-pid, SIGKILL);
  // A script can have left its process group.
  ::kill(pid, SIGKILL);
}

}  // namespace howdah::php

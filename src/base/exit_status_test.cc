#include "base/exit_status.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace howdah::base {
namespace {

template <class End>
std::string end_of_child(End end) {
  pid_t pid = ::fork();
  if (pid == 0) {
    rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    end();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return describe_exit(status);
}

TEST(ExitStatus, TellsASignalFromTheStatusThatAShellMakesOfIt) {
  EXPECT_EQ(end_of_child([] { ::raise(SIGKILL); }), "killed by SIGKILL");
  EXPECT_EQ(end_of_child([] { ::_exit(137); }), "exit status 137");
}

TEST(ExitStatus, NamesSignalsThatHaveNoName) {
  EXPECT_EQ(end_of_child([] { ::raise(SIGRTMIN + 1); }),
            "killed by signal " + std::to_string(SIGRTMIN + 1));
}

TEST(ExitStatus, SaysTheStatusOfAnOrdinaryEnd) {
  EXPECT_EQ(end_of_child([] {}), "exit status 0");
}

}  // namespace
}  // namespace howdah::base

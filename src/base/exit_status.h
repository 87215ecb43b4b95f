#pragma once

// How a process ended, in words for the log.

#include <string>

namespace howdah::base {

// `wait_status` as of waitpid(): "killed by SIGSEGV, core dumped", "exit status 255". Who sent a
// signal the kernel does not tell.
std::string describe_exit(int wait_status);

}  // namespace howdah::base

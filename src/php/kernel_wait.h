#pragma once

// What a thread waits for in the kernel, as /proc tells. No PHP header.

#include <sys/types.h>

#include <string>

namespace howdah::php {

// Such as "recvfrom(fd 7 socket:[4711]) in wait_woken": the system call, the descriptor where its
// first argument is one, the kernel's function where that is told. Empty when the thread runs, or
// when the kernel does not let us look.
std::string kernel_wait(pid_t pid, pid_t tid);

}  // namespace howdah::php

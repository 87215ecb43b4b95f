#pragma once

// What the kernel tells about other processes, whatever their user (/proc).

#include <cstdint>

namespace howdah::base {

// Bytes of memory that the process shares with no file: its heap and stacks, with what it has from
// its parent and neither has changed since. 0 when there is no such process.
uint64_t own_memory(int pid);

// Whether its main thread has a CPU or waits for one.
bool wants_cpu(int pid);
// How many of its threads do.
uint32_t threads_that_want_cpu(int pid);

}  // namespace howdah::base

#pragma once

// Futexes shared between processes. std::atomic::wait is of no use here: libstdc++'s is private to
// one process.

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>

namespace howdah::channel {

// Between "publish" and "look whether the other sleeps", on both sides: without it each could miss
// what the other just wrote.
inline void handshake_fence() { std::atomic_thread_fence(std::memory_order_seq_cst); }

// Sleeps while `word` is `expected`, until woken, or a signal arrives, or `timeout` (relative) has
// passed. Returns for no reason too: look again.
inline void futex_wait(const std::atomic<uint32_t>& word, uint32_t expected,
                       const timespec* timeout = nullptr) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT, expected, timeout, nullptr, 0);
}

inline void futex_wake(std::atomic<uint32_t>& word, int count = 1) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, count, nullptr, nullptr, 0);
}

}  // namespace howdah::channel

#pragma once

// A host of the tests' own, with worker processes that do what a request's query says (the verbs in
// test_host.cc), right or wrong.

#include <sys/types.h>

#include <atomic>
#include <cstddef>

#include "channel/control.h"

namespace howdah::pool {

// What the test and its workers share.
struct Shared {
  std::atomic<int> begun;       // requests that workers have begun
  std::atomic<bool> may_begin;  // for "wait-unbegun"
  std::atomic<bool> seen;       // for "unbegin": the test has its head
  std::atomic<bool> may_end;    // for "linger", "pause"
  std::atomic<int> renewals;    // to be asked for by the host
  std::atomic<int> readies;     // to be said by it once more
  // What the host says that its workers are. Threads of processes: all of the host's own one.
  std::atomic<channel::WorkerKind> kind;
  std::atomic<bool> cannot_start;  // for hosts to come
  // Worker scripts:
  std::atomic<bool> boot_waits;  // boots do not come to their loop while this is set
  std::atomic<int> boots_fail;   // so many boots to come
  std::atomic<bool> boots_die;   // all of them
  std::atomic<int> boots;        // begun
  std::atomic<int> ends;         // of workers that were told to end
  std::atomic<bool> may_leave;   // these workers wait for it
};
extern Shared& shared;
void forget_shared(channel::WorkerKind kind);  // all of it as it was at first

// What "fatten" makes a worker grow by.
inline constexpr size_t kFat = 64 << 20;

// Forks workers on kSpawn, reports deaths, ends at the end of the socket. In a process of its own.
[[noreturn]] void run_host(int socket);

}  // namespace howdah::pool

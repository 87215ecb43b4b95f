#pragma once

// What the processes of snapshot mode share: which lane is whose, and which forks wait.
//
// A lane is a worker as the front knows it: a number, an incarnation, a region to answer into.
// Forks take a lane, serve one request on it and hand it over. One word says everything about a
// lane, so that a process may be killed between any two instructions: the host compares the word
// with the pid that it has reaped. The memory is shared with PHP, so that nothing here is to be
// believed by the host without a look of its own (SnapshotLanes).
//
// Atomics alone: no lock, no pointer, nothing with a destructor.

#include <atomic>
#include <cstdint>

#include "channel/futex.h"
#include "channel/limits.h"

namespace howdah::php {

struct SnapshotTable {
  static constexpr uint32_t kMaxSpares = 64;

  // A lane's word. 0: no such lane.
  static constexpr uint64_t pack(uint32_t incarnation, uint32_t pid) {
    return uint64_t{incarnation} << 32 | pid;
  }

  // Goes up when a lane becomes free, or anything else changes that a waiting fork must see.
  std::atomic<uint32_t> turn;
  // Goes up when the template learns of a lane: forks that are older do not know it, and end.
  std::atomic<uint32_t> epoch;
  std::atomic<uint32_t> closing;  // 1: forks that wait are to end
  std::atomic<uint32_t> parked;   // 1: the template's script has come to its first request
  std::atomic<uint64_t> lanes[channel::kMaxWorkers];
  // Pids of forks that wait for a lane; 0: one is to be made.
  std::atomic<uint32_t> spares[kMaxSpares];

  void add_lane(uint32_t lane, uint32_t incarnation) {
    lanes[lane].store(pack(incarnation, 0), std::memory_order_release);
  }
  // A fork takes a free lane for itself.
  bool take_lane(uint32_t lane, uint32_t incarnation, uint32_t pid) {
    uint64_t free = pack(incarnation, 0);
    return lanes[lane].load(std::memory_order_relaxed) == free &&
           lanes[lane].compare_exchange_strong(free, pack(incarnation, pid),
                                               std::memory_order_acq_rel);
  }
  // ... and gives it to the next one.
  void hand_over(uint32_t lane, uint32_t incarnation) {
    lanes[lane].store(pack(incarnation, 0), std::memory_order_release);
    turn.fetch_add(1, std::memory_order_release);
    channel::futex_wake(turn, 1);
  }
  // The host ends a lane that nobody has. False: a fork has it.
  bool withdraw_lane(uint32_t lane, uint32_t incarnation) {
    uint64_t free = pack(incarnation, 0);
    return lanes[lane].compare_exchange_strong(free, 0, std::memory_order_acq_rel) || free == 0;
  }
  void wake_all() {
    turn.fetch_add(1, std::memory_order_release);
    channel::futex_wake(turn, 1 << 30);
  }
};

}  // namespace howdah::php

#pragma once

// What a pool tells about itself: copies, to be had from any thread.

#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace howdah::pool {

enum class WorkerPhase {
  kStarting,
  kIdle,
  kBusy,
  kBackground,  // its request is answered, or given back (worker mode), and the script goes on
  kDead,        // waits to be replaced
};

struct WorkerStatus {
  std::string pool;  // its name
  uint32_t worker = 0;
  int pid = 0;  // thread mode: of the process that the thread is in
  WorkerPhase phase = WorkerPhase::kStarting;
  uint64_t requests = 0;  // finished, of this incarnation
  uint64_t restarts = 0;
  base::Nanos busy_for = 0;
  std::string request;  // "GET /path" of the running request, without its query
};

// Why a worker was replaced, or was idle and is not.
enum class Restart : uint8_t {
  kCrash,
  kTimeout,
  kMaxRequests,
  kMaxMemory,
  kIdle,
  kScript,     // worker mode: the script began again, in the same worker
  kBoot,       // it ended before it asked for a request
  kNeighbour,  // a thread that ended in time when its process had to, for another one's sake
  kOther,
};
// As the log and the metrics say them.
inline constexpr std::array<std::string_view, 9> kRestartNames{
    "crash",  "timeout", "max_requests", "max_memory", "idle",
    "script", "boot",    "neighbour",    "other"};
constexpr std::string_view name_of(Restart cause) {
  return kRestartNames[static_cast<size_t>(cause)];
}

class RestartCounts {
 public:
  uint64_t& operator[](Restart cause) { return counts_[static_cast<size_t>(cause)]; }
  uint64_t operator[](Restart cause) const { return counts_[static_cast<size_t>(cause)]; }
  uint64_t all() const { return std::accumulate(counts_.begin(), counts_.end(), uint64_t{0}); }
  void add(const RestartCounts& other);

 private:
  std::array<uint64_t, kRestartNames.size()> counts_{};
};

struct PoolStatus {
  std::string name;
  bool ready = false;    // at least one worker lives
  bool threads = false;  // thread mode
  uint32_t live_workers = 0;
  uint64_t waiting = 0;  // jobs no worker has taken
  uint64_t running = 0;
  uint64_t queue_capacity = 0;      // jobs that may wait
  uint64_t timeouts = 0;            // scripts that were interrupted
  uint64_t abandoned_timeouts = 0;  // of them, those whose client had left before
  RestartCounts restarts;
  int host_pid = 0;
  uint32_t generation = 0;
  std::string php_version;
  uint64_t slow_requests = 0;  // that passed SLOW_REQUEST

  // Of several pools: the numbers are sums, ready is when all are, the name stays,
  // the rest is the first one's.
  void add(const PoolStatus& other);
};

// Of none it is ready: without PHP nothing has to be waited for.
PoolStatus sum_of(const std::vector<PoolStatus>& pools);

}  // namespace howdah::pool

#pragma once

// What a pool tells about itself: copies, to be had from any thread.

#include <cstdint>
#include <string>
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
  // Workers replaced, by cause; those that were idle and are not replaced among them.
  uint64_t restarts_crash = 0;
  uint64_t restarts_timeout = 0;
  uint64_t restarts_max_requests = 0;
  uint64_t restarts_max_memory = 0;
  uint64_t restarts_idle = 0;
  uint64_t restarts_script = 0;  // worker mode: the script began again, in the same worker
  uint64_t restarts_boot = 0;    // it ended before it asked for a request
  uint64_t restarts_other = 0;
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

#include "pool/status.h"

#include <algorithm>
#include <functional>

namespace howdah::pool {

void RestartCounts::add(const RestartCounts& other) {
  std::ranges::transform(counts_, other.counts_, counts_.begin(), std::plus());
}

void PoolStatus::add(const PoolStatus& other) {
  ready = ready && other.ready;
  threads = threads || other.threads;
  live_workers += other.live_workers;
  waiting += other.waiting;
  running += other.running;
  queue_capacity += other.queue_capacity;
  timeouts += other.timeouts;
  abandoned_timeouts += other.abandoned_timeouts;
  restarts.add(other.restarts);
  if (host_pid == 0) host_pid = other.host_pid;
  if (generation == 0) generation = other.generation;
  if (php_version.empty()) php_version = other.php_version;
  slow_requests += other.slow_requests;
}

PoolStatus sum_of(const std::vector<PoolStatus>& pools) {
  PoolStatus all{.name = "", .ready = true, .php_version = ""};
  for (const PoolStatus& pool : pools) all.add(pool);
  return all;
}

}  // namespace howdah::pool

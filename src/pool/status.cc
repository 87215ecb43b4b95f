#include "pool/status.h"

namespace howdah::pool {

void PoolStatus::add(const PoolStatus& other) {
  ready = ready && other.ready;
  threads = threads || other.threads;
  live_workers += other.live_workers;
  waiting += other.waiting;
  running += other.running;
  queue_capacity += other.queue_capacity;
  timeouts += other.timeouts;
  abandoned_timeouts += other.abandoned_timeouts;
  restarts_crash += other.restarts_crash;
  restarts_timeout += other.restarts_timeout;
  restarts_max_requests += other.restarts_max_requests;
  restarts_max_memory += other.restarts_max_memory;
  restarts_idle += other.restarts_idle;
  restarts_script += other.restarts_script;
  restarts_boot += other.restarts_boot;
  restarts_other += other.restarts_other;
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

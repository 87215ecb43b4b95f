// How many workers there are and how long each of them lives: growth while requests wait, shrinking
// when idle, PHP_MAX_REQUESTS, PHP_MAX_MEMORY. On the primary loop, from the pool's tick.

#include <algorithm>

#include "base/process_info.h"
#include "pool/pool.h"

namespace howdah::pool {

namespace {

// Of the workers that are asked each time whether they want a CPU; with more CPUs than this
// nothing is lost but the last word on it.
constexpr uint32_t kMostAsked = 128;

}  // namespace

void Pool::adapt(base::Nanos now) {
  if (!host_ || !host_->ready || finish_by_ != 0) return;
  grow(now);
  shrink(now);
  if (options_.max_memory != 0) check_memory();
}

// --- PHP_WORKERS_MAX -----------------------------------------------------------------------------

void Pool::grow(base::Nanos now) {
  const uint32_t overdue = overdue_requests(now);
  if (overdue == 0 || workers_that_want_cpu() >= options_.cpus) {
    looks_with_free_cpu_ = 0;
    return;
  }
  if (++looks_with_free_cpu_ < kFreeLooks) return;
  looks_with_free_cpu_ = 0;
  Generation& generation = *host_->generation;
  // At most twice as many as there were.
  uint32_t more = std::min(overdue, std::max(generation.present_workers(), 1U));
  for (uint32_t number = 0; number < generation.worker_count() && more > 0; ++number) {
    if (generation.workers()[number].state != WorkerState::kAbsent) continue;
    spawn(*host_, number);
    --more;
  }
  log_.debug("the pool grows",
             {{"workers", uint64_t{generation.present_workers()}}, {"waiting", uint64_t{overdue}}});
}

uint32_t Pool::overdue_requests(base::Nanos now) {
  Generation& generation = *host_->generation;
  std::lock_guard lock(mutex_);
  if (!open_ || generation.present_workers() >= generation.worker_count()) return 0;
  for (uint32_t number = 0; number < generation.worker_count(); ++number) {
    const Worker& worker = generation.workers()[number];
    if (worker.state == WorkerState::kStarting) return 0;
    if (worker.state == WorkerState::kAlive && generation.channel().sleeping(number)) return 0;
  }
  const uint32_t unclaimed = generation.unclaimed_since(now - kGrowthWait);
  // Those in the front's own list came after those in slots.
  const Job* next = waiting_.front();
  const bool more = next != nullptr && next->submitted_at <= now - kGrowthWait;
  return unclaimed + (more ? static_cast<uint32_t>(waiting_.size()) : 0);
}

uint32_t Pool::workers_that_want_cpu() {
  if (counts_.threads) {
    uint32_t found = 0;
    for (int pid : processes()) found += base::threads_that_want_cpu(pid);
    return found;
  }
  uint32_t asked = 0, found = 0;
  for (const Worker& worker : host_->generation->workers()) {
    if (worker.state != WorkerState::kAlive) continue;
    if (base::wants_cpu(worker.pid)) ++found;
    if (found >= options_.cpus || ++asked == kMostAsked) break;
  }
  return found;
}

std::vector<int> Pool::processes() const {
  std::vector<int> found;
  for (const Worker& worker : host_->generation->workers()) {
    if (worker.pid != 0 && worker.seat) found.push_back(worker.pid);
  }
  std::ranges::sort(found);
  const auto same = std::ranges::unique(found);
  found.erase(same.begin(), same.end());
  return found;
}

void Pool::shrink(base::Nanos now) {
  Generation& generation = *host_->generation;
  std::lock_guard lock(mutex_);
  // The lowest numbers are woken first, so the others are idle first. Those of PHP_WORKERS stay,
  // also beside one that is busy for hours.
  for (uint32_t number = generation.worker_count(); number > options_.workers;) {
    Worker& worker = generation.workers()[--number];
    if (worker.state != WorkerState::kAlive || worker.leaving != Leaving::kNo) continue;
    if (worker.requests_seen != worker.requests || !generation.channel().sleeping(number)) {
      worker.requests_seen = worker.requests;
      worker.idle_since = now;
      continue;
    }
    if (now - worker.idle_since < kIdleLimit) continue;
    if (!generation.channel().retire_if_sleeping(number, worker.incarnation)) continue;
    worker.leaving = Leaving::kIdle;
  }
}

// --- PHP_MAX_REQUESTS ----------------------------------------------------------------------------

uint32_t Pool::request_limit(const Host& host) {
  const uint32_t limit = options_of(host).max_requests;
  if (limit < kRequestJitter) return limit;
  return limit - static_cast<uint32_t>(random_.next() % (limit / kRequestJitter + 1));
}

// --- PHP_MAX_MEMORY ------------------------------------------------------------------------------

void Pool::check_memory() {
  const uint32_t turn = memory_check_++ % kMemoryTicks;
  if (counts_.threads) {
    if (turn == 0) check_host_memory();
    return;
  }
  for (uint32_t number = turn; number < host_->generation->worker_count(); number += kMemoryTicks) {
    check_worker_memory(number);
  }
}

void Pool::check_worker_memory(uint32_t number) {
  Generation& generation = *host_->generation;
  Worker& worker = generation.workers()[number];
  if (worker.state != WorkerState::kAlive || worker.leaving != Leaving::kNo) return;
  const uint64_t memory = base::own_memory(worker.pid);
  if (memory <= options_.max_memory) return;
  {
    std::lock_guard lock(mutex_);
    // One that has had no request has grown by none: another would not be smaller.
    bool used = worker.requests > 0 ||
                generation.slot_held_by(number, worker.incarnation) != Generation::kNoSlot;
    if (!used) return;
    worker.leaving = Leaving::kMaxMemory;
    generation.channel().retire(number, worker.incarnation);
  }
  log_.info("worker has passed PHP_MAX_MEMORY and is replaced after its request",
            {{"worker", uint64_t{number}}, {"pid", int64_t{worker.pid}}, {"memory", memory}});
}

// Threads share one heap: what one of them has cannot be told.
void Pool::check_host_memory() {
  if (renewal_wanted_ != nullptr || next_ || host_requested_) return;
  uint64_t memory = 0;
  for (int pid : processes()) memory += base::own_memory(pid);
  uint64_t limit;
  bool used;
  {
    std::lock_guard lock(mutex_);
    limit = options_.max_memory * host_->generation->present_workers();
    // As above.
    used = host_->generation->used_slots() > 0 ||
           std::ranges::any_of(host_->generation->workers(),
                               [](const Worker& worker) { return worker.requests > 0; });
  }
  if (memory <= limit || !used) return;
  log_.info("the threads' host has passed PHP_MAX_MEMORY",
            {{"pid", int64_t{host_->pid}}, {"memory", memory}, {"limit", limit}});
  renewal_wanted_ = "its memory passed PHP_MAX_MEMORY";
  renewal_for_memory_ = true;
}

}  // namespace howdah::pool

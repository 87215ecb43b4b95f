#include "pool/pool.h"

#include <algorithm>

namespace howdah::pool {

namespace {

// Of a worker that holds no request.
WorkerPhase phase_between_requests(const Worker& worker, base::Nanos now) {
  switch (worker.state) {
    case WorkerState::kStarting:
    case WorkerState::kBooting:
      return WorkerPhase::kStarting;
    case WorkerState::kAlive:
      break;
    case WorkerState::kAbsent:
    case WorkerState::kDead:
      return WorkerPhase::kDead;
  }
  const bool pauses = worker.pauses_since != 0 && now >= worker.pauses_since + kShownPause;
  return pauses ? WorkerPhase::kBackground : WorkerPhase::kIdle;
}

}  // namespace

PoolOptions whole(PoolOptions options) {
  options.workers_max = std::max(options.workers_max, options.workers);
  return options;
}

using channel::SlotState;

Pool::Pool(PoolOptions options, std::vector<net::EventLoop*> loops, HostStarter& starter,
           const base::Logger& log)
    : loops_(std::move(loops)),
      starter_(starter),
      log_(log),
      options_(whole(options)),
      restarts_(options_.workers_max),
      incarnations_(options_.workers_max) {
  for (net::EventLoop* loop : loops_) {
    dispatchers_.push_back(std::make_unique<Dispatcher>(*this, *loop));
  }
}

Pool::~Pool() = default;

// --- the queue -----------------------------------------------------------------------------------

bool Pool::full() {
  const uint32_t present = generation_ ? generation_->present_workers() : 0;
  const size_t limit = size_t{std::max(present, options_.workers)} + options_.queue_capacity;
  auto taken = [&] { return waiting_.size() + (generation_ ? generation_->used_slots() : 0); };
  if (taken() < limit) return false;
  if (generation_) generation_->reclaim();
  return taken() >= limit;
}

void Pool::wait_again(Job& job) {
  job.state = Job::State::kWaiting;
  waiting_.push_front(job);
  waiting_hint_.store(waiting_.size(), std::memory_order_relaxed);
}

uint32_t Pool::refill() {
  uint32_t placed = 0;
  while (Job* job = waiting_.front()) {
    if (!open_) break;
    // Not while it is linked: place() may hand the job to a worker at once.
    waiting_.remove(*job);
    if (!generation_->place(*job)) {
      waiting_.push_front(*job);
      break;
    }
    ++placed;
  }
  waiting_hint_.store(waiting_.size(), std::memory_order_relaxed);
  return placed;
}

// --- helpers
// --------------------------------------------------------------------------------------

void Pool::on_each_loop(std::function<void(Dispatcher&)> task, std::function<void()> then) {
  // Shared with the tasks in flight: whoever is last brings the word back.
  auto left = std::make_shared<std::atomic<size_t>>(loops_.size());
  for (size_t i = 1; i < loops_.size(); ++i) {
    loops_[i]->post([this, task, then, left, dispatcher = dispatchers_[i].get()] {
      task(*dispatcher);
      if (left->fetch_sub(1) == 1 && then) loops_.front()->post(then);
    });
  }
  task(*dispatchers_.front());
  if (left->fetch_sub(1) == 1 && then) then();
}

// --- status --------------------------------------------------------------------------------------

PoolStatus Pool::status() const {
  std::lock_guard lock(mutex_);
  PoolStatus status = counts_;
  status.name = options_.name;
  status.queue_capacity = options_.queue_capacity;
  status.waiting = waiting_.size();
  if (!generation_) return status;
  for (const Worker& worker : generation_->workers()) {
    if (worker.state == WorkerState::kAlive) ++status.live_workers;
  }
  for (uint32_t slot = 0; slot < generation_->slot_count(); ++slot) {
    SlotState state = generation_->channel().claim(slot).state;
    if (state == SlotState::kQueued) ++status.waiting;
    if (is_held(state)) ++status.running;
  }
  status.ready = status.live_workers > 0;
  return status;
}

int Pool::shown_pid(const Worker& worker) const {
  const uint32_t said = options_.forks && worker.seat ? worker.seat->report().process : 0;
  return said == 0 || said > kLargestPid ? worker.pid : static_cast<int>(said);
}

std::vector<WorkerStatus> Pool::worker_status() const {
  constexpr uint32_t kNoPlace = ~uint32_t{0};
  std::lock_guard lock(mutex_);
  std::vector<WorkerStatus> all;
  if (!generation_) return all;
  std::vector<uint32_t> places(generation_->worker_count(), kNoPlace);  // in `all`, by number
  const base::Nanos now = base::monotonic_now();
  for (uint32_t number = 0; number < generation_->workers().size(); ++number) {
    const Worker& worker = generation_->workers()[number];
    if (worker.state == WorkerState::kAbsent) continue;
    places[number] = static_cast<uint32_t>(all.size());
    all.push_back({.pool = options_.name,
                   .worker = number,
                   .pid = shown_pid(worker),
                   .phase = phase_between_requests(worker, now),
                   .requests = worker.requests,
                   .restarts = restarts_[number]});
  }
  for (uint32_t slot = 0; slot < generation_->slot_count(); ++slot) {
    if (!generation_->in_use(slot)) continue;
    channel::Claim claim = generation_->channel().claim(slot);
    if (!is_held(claim.state) || claim.worker >= places.size() || places[claim.worker] == kNoPlace)
      continue;
    WorkerStatus& worker = all[places[claim.worker]];
    worker.phase =
        claim.state == SlotState::kFinished ? WorkerPhase::kBackground : WorkerPhase::kBusy;
    worker.request = generation_->label(slot).request;
    worker.busy_for = now - generation_->submitted_at(slot);
  }
  return all;
}

std::vector<OpenRequest> Pool::open_requests() const {
  std::lock_guard lock(mutex_);
  const base::Nanos now = base::monotonic_now();
  std::vector<OpenRequest> open;
  auto add_slots = [&](const Host& host) {
    for (uint32_t slot : host.generation->slots_by_age()) {
      open.push_back(host.generation->open_request(slot, now));
      const int64_t worker = open.back().worker;
      if (worker >= 0) {
        open.back().pid = shown_pid(host.generation->workers()[static_cast<size_t>(worker)]);
      }
    }
  };
  for (const auto& retired : retired_) add_slots(*retired);
  if (host_) add_slots(*host_);
  for (const Job* job = waiting_.front(); job != nullptr; job = job->next) {
    open.push_back(Generation::open_request_of(Generation::label_of(job->request)));
    open.back().age = now - job->submitted_at;
  }
  return open;
}

}  // namespace howdah::pool

#include "pool/pool.h"

#include <sys/wait.h>

#include <algorithm>
#include <cstring>

namespace howdah::pool {

using channel::ControlMessage;
using channel::ControlType;
using channel::SlotState;

Pool::Pool(PoolOptions options, std::vector<net::EventLoop*> loops, HostStarter& starter,
           const base::Logger& log)
    : options_(options),
      loops_(std::move(loops)),
      starter_(starter),
      log_(log),
      incarnations_(options_.workers),
      spawn_at_(options_.workers) {
  for (net::EventLoop* loop : loops_) {
    dispatchers_.push_back(std::make_unique<Dispatcher>(*this, *loop));
  }
}

Pool::~Pool() = default;

// --- the queue -----------------------------------------------------------------------------------

bool Pool::full() {
  const size_t limit = size_t{options_.workers} + options_.queue_capacity;
  auto taken = [&] { return waiting_.size() + (generation_ ? generation_->used_slots() : 0); };
  if (taken() < limit) return false;
  if (generation_) generation_->reclaim();
  return taken() >= limit;
}

uint32_t Pool::refill() {
  uint32_t placed = 0;
  while (Job* job = waiting_.front()) {
    if (!generation_) break;
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

void Pool::add_cancellation(Generation& generation, uint32_t slot, const channel::Claim& claim) {
  ++counts_.timeouts;
  cancellations_.push_back(
      {generation.number(), slot, claim, base::monotonic_now() + kCancelGrace});
  loops_.front()->post([this, claim] { interrupt(claim); });
}

// --- starting ------------------------------------------------------------------------------------

void Pool::start(std::function<void()> on_ready, std::function<void(std::string)> on_failed) {
  on_ready_ = std::move(on_ready);
  on_failed_ = std::move(on_failed);
  request_host();
  tick();
}

void Pool::request_host() {
  request_host_at_ = 0;
  starter_.start_host(next_generation_++);
}

void Pool::host_started(uint32_t number, base::UniqueFd control, int pid) {
  auto generation = Generation::create(number, options_.workers,
                                       static_cast<uint32_t>(loops_.size()));
  if (!generation) {
    log_.error("cannot make the memory of a worker generation",
               {{"error", generation.error().message()}});
    request_host_at_ = base::monotonic_now() + kLongestBackoff;
    return;
  }
  host_pid_ = pid;
  host_ready_ = false;
  link_ = std::make_unique<HostLink>(*loops_.front(), std::move(control),
                                     static_cast<HostListener&>(*this));
  {
    std::lock_guard lock(mutex_);
    generation_ = *generation;
    counts_.generation = number;
    counts_.host_pid = pid;
  }
  on_each_loop([made = *generation](Dispatcher& dispatcher) { dispatcher.adopt(made); });
  say_hello();
}

void Pool::say_hello() {
  channel::FrontChannel& channel = generation_->channel();
  std::vector<int> fds{channel.requests_fd(), channel.claims_fd()};
  for (uint32_t loop = 0; loop < loops_.size(); ++loop) fds.push_back(channel.loop_event(loop));
  auto sent = link_->send({.type = ControlType::kHello}, channel::build_id(), fds);
  if (!sent) end_generation("its control socket failed");
}

void Pool::on_host_ready(const ControlMessage& message) {
  std::string_view text = message.text();
  std::string_view build = text.substr(0, text.find('\n'));
  if (message.header.version != channel::kLayoutVersion || build != channel::build_id()) {
    std::string why = "the worker program is '" + std::string(build) + "', this server is '" +
                      std::string(channel::build_id()) + "': install matching programs";
    if (on_failed_) {
      auto failed = std::exchange(on_failed_, nullptr);
      failed(why);
    }
    end_generation("it is of another version");
    return;
  }
  host_ready_ = true;
  failed_generations_ = 0;
  {
    std::lock_guard lock(mutex_);
    counts_.threads = message.header.status == 1;
    counts_.php_version = build.size() < text.size() ? text.substr(build.size() + 1) : "";
  }
  for (uint32_t worker = 0; worker < options_.workers; ++worker) spawn(worker);
}

// --- workers -------------------------------------------------------------------------------------

void Pool::spawn(uint32_t number) {
  spawn_at_[number] = 0;
  if (!generation_ || !host_ready_ || finish_by_ != 0) return;
  // 0 and multiples of 2^16 are not used: a claim has 16 bits, and 0 is nobody.
  if ((++incarnations_[number] & 0xFFFF) == 0) ++incarnations_[number];
  auto seat = channel::Seat::create(number, incarnations_[number] & 0xFFFF,
                                    static_cast<uint32_t>(loops_.size()));
  if (!seat) {
    log_.error("cannot make a worker's memory", {{"error", seat.error().message()}});
    spawn_later(number, kLongestBackoff);
    return;
  }
  generation_->channel().forget(number);
  {
    std::lock_guard lock(mutex_);
    Worker& worker = generation_->workers()[number];
    worker.state = WorkerState::kStarting;
    worker.incarnation = (*seat)->incarnation();
    worker.seat = *seat;
    worker.pid = 0;
    worker.requests = 0;
    worker.killed_for_timeout = false;
    worker.spawned_at = base::monotonic_now();
  }
  generation_->seat_version(number).fetch_add(1, std::memory_order_acq_rel);
  int fds[] = {(*seat)->region_fd().get(), (*seat)->worker_body_socket().get()};
  auto sent = link_->send({.type = ControlType::kSpawn,
                           .worker = number,
                           .incarnation = (*seat)->incarnation()},
                          {}, fds);
  (*seat)->region_fd().reset();
  (*seat)->worker_body_socket().reset();
  if (!sent) log_.error("cannot reach the worker host", {{"error", sent.error().message()}});
}

void Pool::spawn_later(uint32_t worker, base::Nanos delay) {
  spawn_at_[worker] = base::monotonic_now() + delay;
}

void Pool::on_spawned(const ControlMessage& message) {
  const uint32_t number = message.header.worker;
  if (number >= options_.workers) return;
  bool all_alive;
  {
    std::lock_guard lock(mutex_);
    Worker& worker = generation_->workers()[number];
    if (worker.incarnation != message.header.incarnation) return;
    worker.state = WorkerState::kAlive;
    worker.pid = message.header.pid;
    all_alive = std::ranges::all_of(generation_->workers(), [](const Worker& w) {
      return w.state == WorkerState::kAlive;
    });
  }
  if (!all_alive) return;
  log_.info("workers ready: " + std::to_string(options_.workers),
            {{"workers", uint64_t{options_.workers}},
             {"mode", std::string_view(counts_.threads ? "thread" : "process")},
             {"php", counts_.php_version}});
  if (on_ready_) {
    on_failed_ = nullptr;
    std::exchange(on_ready_, nullptr)();
  }
}

void Pool::on_exited(const ControlMessage& message) {
  const uint32_t number = message.header.worker;
  if (number >= options_.workers || !generation_) return;
  std::shared_ptr<channel::Seat> seat;
  {
    std::lock_guard lock(mutex_);
    Worker& worker = generation_->workers()[number];
    if (worker.incarnation != message.header.incarnation || !worker.seat) return;
    seat = std::move(worker.seat);
    worker.state = WorkerState::kAbsent;
  }
  generation_->channel().forget(number);
  log_death(generation_->workers()[number], number, message.header.status);
  // Its successor comes when every loop has taken what it still said and settled its jobs.
  on_each_loop(
      [generation = generation_, seat](Dispatcher& dispatcher) {
        dispatcher.bury_worker(generation, seat);
      },
      [this, generation = generation_, number, status = message.header.status] {
        if (generation_ == generation) replace(number, status);
      });
}

void Pool::replace(uint32_t number, int wait_status) {
  if (finish_by_ != 0) return;
  base::Nanos delay = 0;
  {
    std::lock_guard lock(mutex_);
    Worker& worker = generation_->workers()[number];
    ++worker.restarts;
    bool clean = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
    // PHP itself exits with 124 when its hard_timeout has passed.
    bool timeout = worker.killed_for_timeout ||
                   (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 124);
    ++(timeout ? counts_.restarts_timeout
               : clean ? counts_.restarts_other : counts_.restarts_crash);
    bool at_birth = !timeout && worker.requests == 0 &&
                    base::monotonic_now() - worker.spawned_at < kBirth;
    worker.deaths_at_birth = at_birth ? worker.deaths_at_birth + 1 : 0;
    // One early death can be the first request's fault; a second in a row is a pattern.
    if (worker.deaths_at_birth > 1) {
      delay = std::min(kShortestBackoff << std::min(worker.deaths_at_birth - 2, 16u),
                       kLongestBackoff);
    }
  }
  delay == 0 ? spawn(number) : spawn_later(number, delay);
}

void Pool::log_death(const Worker& worker, uint32_t number, int wait_status) {
  if (ending_ && WIFEXITED(wait_status)) return;
  Generation::Label label;
  {
    std::lock_guard lock(mutex_);
    for (uint32_t slot = 0; slot < generation_->slot_count(); ++slot) {
      if (!generation_->in_use(slot)) continue;
      channel::Claim claim = generation_->channel().claim(slot);
      if (claim.state == SlotState::kRunning && claim.worker == number &&
          claim.incarnation == worker.incarnation) {
        label = generation_->label(slot);
      }
    }
  }
  std::string cause;
  if (WIFSIGNALED(wait_status)) {
    const char* name = ::sigabbrev_np(WTERMSIG(wait_status));
    cause = std::string("signal SIG") + (name != nullptr ? name : "?");
  } else {
    cause = "exit status " + std::to_string(WEXITSTATUS(wait_status));
  }
  if (worker.killed_for_timeout) cause += " (its time was up)";
  bool clean = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
  log_.log(base::LogType::kApp, clean ? base::LogLevel::kInfo : base::LogLevel::kError,
           clean ? "worker ended" : "worker died",
           {label.request_id, label.trace_id, label.span_id},
           {{"worker", uint64_t{number}},
            {"pid", int64_t{worker.pid}},
            {"cause", cause},
            {"request", label.request}});
}

void Pool::report_bad_worker(Generation& generation, const channel::Seat& seat,
                             base::Error error) {
  log_.error("worker broke the channel's rules and is killed",
             {{"worker", uint64_t{seat.worker()}}, {"error", error.message()}});
  channel::ControlHeader kill{.type = ControlType::kKill,
                              .worker = seat.worker(),
                              .incarnation = seat.incarnation()};
  loops_.front()->post([this, number = generation.number(), kill] {
    if (generation_ && generation_->number() == number && link_) std::ignore = link_->send(kill);
  });
}

// --- the host ------------------------------------------------------------------------------------

void Pool::on_control(const ControlMessage& message) {
  switch (message.header.type) {
    case ControlType::kReady: return on_host_ready(message);
    case ControlType::kSpawned: return on_spawned(message);
    case ControlType::kExited: return on_exited(message);
    case ControlType::kLine: return on_line(message);
    case ControlType::kFailed: {
      log_.error("PHP cannot start", {{"reason", message.text()}});
      if (on_failed_) {
        std::string why(message.text());
        std::exchange(on_failed_, nullptr)(why);
      }
      return;
    }
    case ControlType::kYielded: return on_line(message);
    default: log_.warn("the worker host sent a message that is not known"); return;
  }
}

void Pool::on_line(const ControlMessage& message) {
  const uint32_t number = message.header.worker;
  Generation::Label label;
  if (number < options_.workers && !counts_.threads) {
    std::lock_guard lock(mutex_);
    for (uint32_t slot = 0; slot < generation_->slot_count(); ++slot) {
      if (!generation_->in_use(slot)) continue;
      channel::Claim claim = generation_->channel().claim(slot);
      if (claim.worker == number && claim.state != SlotState::kQueued &&
          claim.state != SlotState::kFree) {
        label = generation_->label(slot);
        if (claim.state == SlotState::kRunning) break;
      }
    }
  }
  log_.log(base::LogType::kError, base::LogLevel::kError, message.text(),
           {label.request_id, label.trace_id, label.span_id},
           {{"worker", number < options_.workers ? int64_t{number} : int64_t{-1}},
            {"source", std::string_view("stderr")}});
}

void Pool::on_host_gone() { end_generation("its host ended"); }

void Pool::host_exited(int pid, int wait_status) {
  if (pid != host_pid_) return;
  host_pid_ = 0;
  if (!ending_) {
    log_.error("worker host died",
               {{"pid", int64_t{pid}},
                {"signal", int64_t{WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0}},
                {"status", int64_t{WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0}}});
  }
  end_generation("its host died");
  if (on_drained_) std::exchange(on_drained_, nullptr)();
}

void Pool::end_generation(const char* why) {
  if (!generation_) return;
  std::shared_ptr<Generation> ended;
  {
    std::lock_guard lock(mutex_);
    ended = std::move(generation_);
    generation_ = nullptr;
    counts_.host_pid = 0;
    cancellations_.clear();
    if (!ending_) counts_.restarts_crash += ended->workers().size();
  }
  link_.reset();
  bool was_ready = std::exchange(host_ready_, false);
  std::ranges::fill(spawn_at_, 0);
  on_each_loop([ended](Dispatcher& dispatcher) { dispatcher.bury_generation(ended); });
  if (ending_) return;
  if (!was_ready && on_failed_) {
    std::exchange(on_failed_, nullptr)("the worker host ended before it was ready");
    return;
  }
  log_.warn("starting a new worker generation", {{"because", std::string_view(why)}});
  base::Nanos delay = 0;
  if (!was_ready) {
    ++failed_generations_;
    delay = std::min(kShortestBackoff << std::min(failed_generations_, 16u), kLongestBackoff);
  }
  request_host_at_ = base::monotonic_now() + delay;
  if (delay == 0) request_host();
}

// --- time ----------------------------------------------------------------------------------------

void Pool::interrupt(const channel::Claim& claim) {
  if (!link_) return;
  std::ignore = link_->send({.type = ControlType::kInterrupt,
                             .worker = claim.worker,
                             .incarnation = claim.incarnation});
}

void Pool::kill_overdue() {
  base::Nanos now = base::monotonic_now();
  std::vector<channel::Claim> overdue;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(cancellations_, [&](const Cancellation& c) {
      if (!generation_ || generation_->number() != c.generation) return true;
      channel::Claim claim = generation_->channel().claim(c.slot);
      bool still = claim.ticket == c.claim.ticket && claim.worker == c.claim.worker &&
                   claim.incarnation == c.claim.incarnation &&
                   (claim.state == SlotState::kRunning || claim.state == SlotState::kClaimed);
      if (!still) return true;
      if (now < c.kill_at) return false;
      generation_->workers()[c.claim.worker].killed_for_timeout = true;
      overdue.push_back(c.claim);
      return true;
    });
  }
  for (const channel::Claim& claim : overdue) {
    if (!link_) return;
    // In thread mode the host answers this by ending: a thread cannot be killed alone.
    std::ignore = link_->send({.type = ControlType::kKill,
                               .worker = claim.worker,
                               .incarnation = claim.incarnation});
  }
}

void Pool::tick() {
  base::Nanos now = base::monotonic_now();
  kill_overdue();
  for (uint32_t worker = 0; worker < options_.workers; ++worker) {
    if (spawn_at_[worker] != 0 && now >= spawn_at_[worker]) spawn(worker);
  }
  if (request_host_at_ != 0 && now >= request_host_at_) request_host();
  if (on_drained_) finish_drain();
  // A host that hangs loses its control socket, which ends it.
  if (finish_by_ != 0 && now >= finish_by_) link_.reset();
  loops_.front()->timers().arm(tick_timer_, now + kTick);
}

void Pool::drain(std::function<void()> on_done) {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  on_drained_ = std::move(on_done);
  finish_drain();
}

void Pool::finish_drain() {
  if (host_pid_ == 0) {
    std::exchange(on_drained_, nullptr)();
    return;
  }
  if (finish_by_ != 0 || !generation_) return;
  {
    std::lock_guard lock(mutex_);
    generation_->reclaim();
    if (!waiting_.empty() || generation_->used_slots() > 0) return;
  }
  for (uint32_t worker = 0; worker < options_.workers; ++worker) {
    generation_->channel().retire(worker, generation_->workers()[worker].incarnation);
  }
  std::ignore = link_->send({.type = ControlType::kFinish});
  finish_by_ = base::monotonic_now() + kFinishGrace;
}

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
  status.waiting = waiting_.size();
  if (!generation_) return status;
  for (const Worker& worker : generation_->workers()) {
    if (worker.state == WorkerState::kAlive) ++status.live_workers;
  }
  for (uint32_t slot = 0; slot < generation_->slot_count(); ++slot) {
    SlotState state = generation_->channel().claim(slot).state;
    if (state == SlotState::kQueued) ++status.waiting;
    if (state == SlotState::kClaimed || state == SlotState::kRunning) ++status.running;
  }
  status.ready = status.live_workers > 0;
  return status;
}

std::vector<WorkerStatus> Pool::worker_status() const {
  std::lock_guard lock(mutex_);
  std::vector<WorkerStatus> all;
  if (!generation_) return all;
  for (uint32_t number = 0; number < generation_->workers().size(); ++number) {
    const Worker& worker = generation_->workers()[number];
    WorkerPhase phase = worker.state == WorkerState::kAlive      ? WorkerPhase::kIdle
                        : worker.state == WorkerState::kStarting ? WorkerPhase::kStarting
                                                                 : WorkerPhase::kDead;
    all.push_back({.worker = number,
                   .pid = worker.pid,
                   .phase = phase,
                   .requests = worker.requests,
                   .restarts = worker.restarts});
  }
  base::Nanos now = base::monotonic_now();
  for (uint32_t slot = 0; slot < generation_->slot_count(); ++slot) {
    if (!generation_->in_use(slot)) continue;
    channel::Claim claim = generation_->channel().claim(slot);
    bool busy = claim.state == SlotState::kClaimed || claim.state == SlotState::kRunning;
    if (!busy || claim.worker >= all.size()) continue;
    WorkerStatus& worker = all[claim.worker];
    worker.phase = WorkerPhase::kBusy;
    worker.request = generation_->label(slot).request;
    const Job* job = generation_->job(slot);
    if (job != nullptr) worker.busy_for = now - job->submitted_at;
  }
  return all;
}

}  // namespace howdah::pool

// Supervision: hosts, workers, their deaths and deadlines. On the primary loop.

#include <sys/wait.h>

#include <algorithm>
#include <cstring>

#include "pool/pool.h"
#include "pool/worker_log.h"

namespace howdah::pool {

using channel::ControlMessage;
using channel::ControlType;
using channel::SlotState;

namespace {

// "signal SIGSEGV", "exit status 1"
std::string describe(int wait_status) {
  if (!WIFSIGNALED(wait_status)) return "exit status " + std::to_string(WEXITSTATUS(wait_status));
  const char* name = ::sigabbrev_np(WTERMSIG(wait_status));
  return std::string("signal SIG") + (name != nullptr ? name : "?");
}

}  // namespace

// --- starting ------------------------------------------------------------------------------------

void Pool::start(std::function<void()> on_ready, std::function<void(std::string)> on_failed) {
  on_ready_ = std::move(on_ready);
  on_failed_ = std::move(on_failed);
  request_host();
  tick();
}

void Pool::request_host() {
  request_host_at_ = 0;
  host_requested_ = true;
  starter_.start_host(next_generation_++);
}

void Pool::host_started(uint32_t number, base::UniqueFd control, int pid) {
  auto generation =
      Generation::create(number, options_.workers, static_cast<uint32_t>(loops_.size()));
  host_requested_ = false;
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
  // It gets jobs when every loop knows it: a loop must be able to find what becomes of its own.
  on_each_loop([made = *generation](Dispatcher& dispatcher) { dispatcher.adopt(made); },
               [this, made = *generation] {
                 std::lock_guard lock(mutex_);
                 if (generation_ == made) open_ = true;
               });
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
  if (++incarnations_[number] == 0) ++incarnations_[number];  // 0 is nobody's
  auto seat =
      channel::Seat::create(number, incarnations_[number], static_cast<uint32_t>(loops_.size()));
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
  auto sent = link_->send(
      {.type = ControlType::kSpawn, .worker = number, .incarnation = (*seat)->incarnation()}, {},
      fds);
  (*seat)->region_fd().reset();
  (*seat)->worker_body_socket().reset();
  if (sent) return;
  // A host that is slow to read: it gets the message again.
  log_.warn("cannot reach the worker host", {{"error", sent.error().message()}});
  {
    std::lock_guard lock(mutex_);
    Worker& worker = generation_->workers()[number];
    worker.seat.reset();
    worker.state = WorkerState::kAbsent;
  }
  spawn_later(number, kShortestBackoff);
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
    all_alive = std::ranges::all_of(generation_->workers(),
                                    [](const Worker& w) { return w.state == WorkerState::kAlive; });
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
  bool had_request = log_death(generation_->workers()[number], number, message.header.status);
  // Its successor comes when every loop has taken what it still said and settled its jobs.
  on_each_loop(
      [generation = generation_, seat](Dispatcher& dispatcher) {
        dispatcher.bury_worker(generation, seat);
      },
      [this, generation = generation_, number, had_request, status = message.header.status] {
        if (generation_ == generation) replace(number, had_request, status);
      });
}

void Pool::replace(uint32_t number, bool had_request, int wait_status) {
  if (finish_by_ != 0) return;
  base::Nanos delay = 0;
  {
    std::lock_guard lock(mutex_);
    Worker& worker = generation_->workers()[number];
    ++restarts_[number];
    bool clean = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
    // PHP itself exits with 124 when its hard_timeout has passed.
    bool timeout =
        worker.killed_for_timeout || (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 124);
    ++(timeout ? counts_.restarts_timeout
       : clean ? counts_.restarts_other
               : counts_.restarts_crash);
    // A request that kills its worker says nothing about the next one.
    bool at_birth =
        worker.requests == 0 && !had_request && base::monotonic_now() - worker.spawned_at < kBirth;
    worker.deaths_at_birth = at_birth ? worker.deaths_at_birth + 1 : 0;
    if (at_birth) {
      delay =
          std::min(kShortestBackoff << std::min(worker.deaths_at_birth - 1, 16u), kLongestBackoff);
    }
  }
  delay == 0 ? spawn(number) : spawn_later(number, delay);
}

bool Pool::log_death(const Worker& worker, uint32_t number, int wait_status) {
  Generation::Label label;
  bool had_request = false;
  {
    std::lock_guard lock(mutex_);
    for (uint32_t slot = 0; slot < generation_->slot_count(); ++slot) {
      if (!generation_->in_use(slot)) continue;
      channel::Claim claim = generation_->channel().claim(slot);
      if (claim.state == SlotState::kQueued || claim.worker != number ||
          claim.incarnation != worker.incarnation) {
        continue;
      }
      had_request = true;
      if (claim.state == SlotState::kRunning) label = generation_->label(slot);
    }
  }
  // Planned: every worker ends now.
  if (finish_by_ != 0 && WIFEXITED(wait_status)) return had_request;
  std::string cause = describe(wait_status);
  if (worker.killed_for_timeout) cause += " (its time was up)";
  bool clean = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
  log_.log(base::LogType::kApp, clean ? base::LogLevel::kInfo : base::LogLevel::kError,
           clean ? "worker ended" : "worker died",
           {label.request_id, label.trace_id, label.span_id},
           {{"worker", uint64_t{number}},
            {"pid", int64_t{worker.pid}},
            {"cause", cause},
            {"request", label.request}});
  return had_request;
}

void Pool::report_bad_worker(Generation& generation, const channel::Seat& seat, base::Error error) {
  log_.error("worker broke the channel's rules and is killed",
             {{"worker", uint64_t{seat.worker()}}, {"error", error.message()}});
  channel::ControlHeader kill{
      .type = ControlType::kKill, .worker = seat.worker(), .incarnation = seat.incarnation()};
  loops_.front()->post([this, number = generation.number(), kill] {
    if (generation_ && generation_->number() == number && link_) std::ignore = link_->send(kill);
  });
}

// --- the host ------------------------------------------------------------------------------------

void Pool::on_control(const ControlMessage& message) {
  switch (message.header.type) {
    case ControlType::kReady:
      return on_host_ready(message);
    case ControlType::kSpawned:
      return on_spawned(message);
    case ControlType::kExited:
      return on_exited(message);
    case ControlType::kLine:
      return on_line(message);
    case ControlType::kFailed: {
      log_.error("PHP cannot start", {{"reason", message.text()}});
      if (on_failed_) {
        std::string why(message.text());
        std::exchange(on_failed_, nullptr)(why);
      }
      return;
    }
    case ControlType::kYielded:
      return on_line(message);
    default:
      log_.warn("the worker host sent a message that is not known");
      return;
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
  log_stderr_line(log_, message.text(), number < options_.workers ? int64_t{number} : -1, label);
}

void Pool::on_host_gone() { end_generation("its host ended"); }

void Pool::host_exited(int pid, int wait_status) {
  if (pid == host_pid_) end_generation("its host died");
  if (pid != ended_pid_) return;
  ended_pid_ = 0;
  if (!ending_ || !lost_requests_.empty()) {
    std::string cause = describe(wait_status);
    log_.error("worker host died", {{"pid", int64_t{pid}}, {"cause", cause}});
    for (const Generation::Label& lost : lost_requests_) {
      log_.log(base::LogType::kApp, base::LogLevel::kError, "request lost with its worker host",
               {lost.request_id, lost.trace_id, lost.span_id},
               {{"request", lost.request}, {"cause", cause}});
    }
    lost_requests_.clear();
  }
  if (on_drained_) std::exchange(on_drained_, nullptr)();
}

void Pool::end_generation(const char* why) {
  if (!generation_) return;
  std::shared_ptr<Generation> ended;
  {
    std::lock_guard lock(mutex_);
    ended = std::move(generation_);
    generation_ = nullptr;
    open_ = false;
    counts_.host_pid = 0;
    cancellations_.clear();
    if (!ending_) {
      counts_.restarts_crash += ended->workers().size();
      for (uint64_t& restarts : restarts_) ++restarts;
    }
    lost_requests_.clear();
    for (uint32_t slot : ended->slots_by_age()) {
      if (ended->job(slot) == nullptr) continue;
      if (ended->channel().claim(slot).state != SlotState::kRunning) continue;
      lost_requests_.push_back(ended->label(slot));
    }
  }
  link_.reset();
  ended_pid_ = std::exchange(host_pid_, 0);
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
  std::ignore = link_->send(
      {.type = ControlType::kInterrupt, .worker = claim.worker, .incarnation = claim.incarnation});
}

void Pool::kill_overdue() {
  base::Nanos now = base::monotonic_now();
  std::vector<channel::Claim> overdue;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(cancellations_, [&](Cancellation& c) {
      if (!generation_ || generation_->number() != c.generation) return true;
      channel::Claim claim = generation_->channel().claim(c.slot);
      bool still = claim.ticket == c.claim.ticket && claim.worker == c.claim.worker &&
                   claim.incarnation == c.claim.incarnation &&
                   (claim.state == SlotState::kRunning || claim.state == SlotState::kClaimed);
      if (!still) return true;
      if (now < c.kill_at) return false;
      generation_->workers()[c.claim.worker].killed_for_timeout = true;
      overdue.push_back(c.claim);
      c.kill_at = now + kCancelGrace;  // and again, until its word changes
      return false;
    });
  }
  if (overdue.empty() || !link_) return;
  if (counts_.threads) return retire_generation();  // a thread cannot be killed alone
  for (const channel::Claim& claim : overdue) {
    std::ignore = link_->send(
        {.type = ControlType::kKill, .worker = claim.worker, .incarnation = claim.incarnation});
  }
}

void Pool::audit_claims() {
  if (!generation_) return;
  const char* wrong;
  {
    std::lock_guard lock(mutex_);
    wrong = generation_->audit();
  }
  if (wrong == nullptr) return;
  log_.error("a worker has overwritten its pool's claims", {{"error", std::string_view(wrong)}});
  end_generation("its claims were overwritten");
}

void Pool::retire_generation() {
  log_.warn("a thread did not come back from its request: starting another host",
            {{"pid", int64_t{host_pid_}}});
  auto retired = std::make_unique<RetiredHost>();
  retired->end_by = base::monotonic_now() + kRetirementLimit;
  {
    std::lock_guard lock(mutex_);
    take_back_unclaimed(*generation_);
    retired->generation = std::move(generation_);
    generation_ = nullptr;
    open_ = false;
    counts_.host_pid = 0;
    ++counts_.restarts_timeout;
    for (uint64_t& restarts : restarts_) ++restarts;
  }
  // Its threads claim nothing more; its answers still arrive, what it says is not needed.
  for (uint32_t worker = 0; worker < options_.workers; ++worker) {
    retired->generation->channel().retire(worker,
                                          retired->generation->workers()[worker].incarnation);
  }
  link_->listen(*retired);
  retired->link = std::move(link_);
  retired_.push_back(std::move(retired));
  host_ready_ = false;
  host_pid_ = 0;
  request_host();
}

void Pool::take_back_unclaimed(Generation& generation) {
  std::vector<uint32_t> slots = generation.slots_by_age();
  for (size_t i = slots.size(); i-- > 0;) {  // youngest first, each to the front of the queue
    Job* job = generation.job(slots[i]);
    if (job == nullptr) continue;
    if (!generation.take_back(slots[i])) continue;
    generation.free_now(slots[i]);
    wait_again(*job);
  }
}

void Pool::end_retired(base::Nanos now) {
  std::erase_if(retired_, [&](const std::unique_ptr<RetiredHost>& retired) {
    bool busy = false;
    {
      std::lock_guard lock(mutex_);
      for (uint32_t slot = 0; slot < retired->generation->slot_count(); ++slot) {
        busy = busy || retired->generation->job(slot) != nullptr;
      }
    }
    if (busy && !retired->gone && now < retired->end_by) return false;
    on_each_loop([generation = retired->generation](Dispatcher& dispatcher) {
      dispatcher.bury_generation(generation);
    });
    return true;  // the end of its control socket ends the host
  });
}

void Pool::tick() {
  base::Nanos now = base::monotonic_now();
  kill_overdue();
  audit_claims();
  if (generation_) generation_->channel().repair_order_head();
  for (uint32_t worker = 0; worker < options_.workers; ++worker) {
    if (spawn_at_[worker] != 0 && now >= spawn_at_[worker]) spawn(worker);
  }
  end_retired(now);
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
  if (host_pid_ == 0 && ended_pid_ == 0 && request_host_at_ == 0 && retired_.empty() &&
      !host_requested_) {
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

}  // namespace howdah::pool

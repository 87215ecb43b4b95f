// Supervision of workers: spawning, deaths, rules that are broken. On the primary loop.

#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "base/exit_status.h"
#include "pool/pool.h"
#include "pool/worker_log.h"

namespace howdah::pool {

using channel::ControlMessage;
using channel::ControlType;
using channel::SlotState;

namespace {

bool ended_cleanly(int wait_status) {
  return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
}

// PHP itself exits with this when its hard_timeout has passed.
constexpr int kHardTimeoutStatus = 124;

bool passed_hard_timeout(int wait_status) {
  return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == kHardTimeoutStatus;
}

// A thread that had not ended when its process was killed for another one.
bool killed_with_neighbour(const Worker& worker, int wait_status) {
  return worker.leaving == Leaving::kNeighbour && WIFSIGNALED(wait_status) &&
         WTERMSIG(wait_status) == SIGKILL;
}

// What the front knows beyond the status. Who else sends signals it does not.
const char* explain_exit(const Worker& worker, int wait_status) {
  if (passed_hard_timeout(wait_status)) return " (PHP's hard_timeout)";
  if (!WIFSIGNALED(wait_status) || WTERMSIG(wait_status) != SIGKILL) return "";
  switch (worker.killed) {
    case Killed::kTimeUp:
      return " (its time was up)";
    case Killed::kBootTime:
      return " (its boot took too long)";
    case Killed::kPauseTime:
      return " (its script did not ask for its next request in REQUEST_TIMEOUT)";
    case Killed::kBrokeRules:
      return " (it broke the channel's rules)";
    case Killed::kNotByUs:
      break;
  }
  return killed_with_neighbour(worker, wait_status) ? " (with a thread whose time was up)" : "";
}

Restart cause_of(const Worker& worker, int wait_status) {
  const bool late = worker.killed == Killed::kTimeUp || worker.killed == Killed::kPauseTime;
  if (late || passed_hard_timeout(wait_status)) return Restart::kTimeout;
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == channel::kHadItsRequests) {
    return Restart::kMaxRequests;
  }
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == channel::kExitBootFailed) {
    return Restart::kBoot;
  }
  if (worker.killed == Killed::kBootTime) return Restart::kBoot;
  if (killed_with_neighbour(worker, wait_status)) return Restart::kTimeout;
  if (!ended_cleanly(wait_status)) return Restart::kCrash;
  switch (worker.leaving) {
    case Leaving::kMaxMemory:
      return Restart::kMaxMemory;
    case Leaving::kIdle:
      return Restart::kIdle;
    case Leaving::kNeighbour:
      return Restart::kNeighbour;
    case Leaving::kNo:
      break;
  }
  return Restart::kOther;
}

bool is_planned(Restart cause) {
  return cause == Restart::kMaxRequests || cause == Restart::kMaxMemory ||
         cause == Restart::kIdle || cause == Restart::kNeighbour;
}

}  // namespace

void Pool::on_control(Host& host, const ControlMessage& message) {
  switch (message.header.type) {
    case ControlType::kReady:
      return on_host_ready(host, message);
    case ControlType::kSpawned:
      return on_spawned(host, message);
    case ControlType::kExited:
      return on_exited(host, message);
    case ControlType::kLine:
      return on_line(host, message);
    case ControlType::kYielded:
      return on_yielded(host, message);
    case ControlType::kLooked:
      return on_looked(host, message);
    case ControlType::kRenewalWanted:
      return on_renewal_wanted(host, message);
    case ControlType::kScriptsListed:
      return on_scripts_listed(host);
    case ControlType::kScriptsWarmed:
      return on_scripts_warmed(message);
    case ControlType::kFailed: {
      log_.error("PHP cannot start", {{"reason", message.text()}});
      host.failure = message.text();
      if (on_failed_) fail_start(std::string(message.text()));
      return;
    }
    default:
      log_.warn("the worker host sent a message that is not known");
      return;
  }
}

// --- workers -------------------------------------------------------------------------------------

void Pool::spawn(Host& host, uint32_t number) {
  host.spawn_at[number] = 0;
  if (!host.ready || finish_by_ != 0) return;
  const base::Nanos now = base::monotonic_now();
  if (++incarnations_[number] == 0) ++incarnations_[number];  // 0 is nobody's
  auto seat =
      channel::Seat::create(number, incarnations_[number], static_cast<uint32_t>(loops_.size()));
  if (!seat) {
    log_.error("cannot make a worker's memory", {{"error", seat.error().message()}});
    host.spawn_at[number] = now + kLongestBackoff;
    std::lock_guard lock(mutex_);
    host.generation->set_state(number, WorkerState::kDead);
    return;
  }
  host.generation->channel().forget(number);
  Worker& worker = host.generation->workers()[number];
  {
    std::lock_guard lock(mutex_);
    host.generation->set_state(number, WorkerState::kStarting);
    worker.incarnation = (*seat)->incarnation();
    worker.seat = *seat;
    worker.pid = 0;
    worker.requests = 0;
    worker.killed = Killed::kNotByUs;
    worker.leaving = Leaving::kNo;
    worker.told = {};
    worker.pauses_since = 0;
    worker.requests_before_pause = 0;
    worker.idle_since = now;
    worker.spawned_at = now;
    worker.boots_since = runs_script() ? now : 0;
  }
  host.generation->seat_version(number).fetch_add(1, std::memory_order_acq_rel);
  int fds[] = {(*seat)->region_fd().get(), (*seat)->worker_body_socket().get()};
  auto sent = host.link->send({.type = ControlType::kSpawn,
                               .worker = number,
                               .incarnation = (*seat)->incarnation(),
                               .requests = request_limit(host)},
                              {}, fds);
  (*seat)->region_fd().reset();
  (*seat)->worker_body_socket().reset();
  if (sent) return;
  // A host that is slow to read: it gets the message again.
  log_.warn("cannot reach the worker host", {{"error", sent.error().message()}});
  {
    std::lock_guard lock(mutex_);
    worker.seat.reset();
    host.generation->set_state(number, WorkerState::kDead);
  }
  host.spawn_at[number] = now + kShortestBackoff;
}

void Pool::spawn_due(Host& host, base::Nanos now) {
  for (uint32_t worker = 0; worker < host.spawn_at.size(); ++worker) {
    if (host.spawn_at[worker] != 0 && now >= host.spawn_at[worker]) spawn(host, worker);
  }
}

void Pool::on_spawned(Host& host, const ControlMessage& message) {
  const uint32_t number = message.header.worker;
  if (number >= host.generation->worker_count()) return;
  {
    std::lock_guard lock(mutex_);
    Worker& worker = host.generation->workers()[number];
    if (worker.incarnation != message.header.incarnation) return;
    host.generation->set_state(number, runs_script() ? WorkerState::kBooting : WorkerState::kAlive);
    worker.pid = message.header.pid;
  }
  if (!runs_script()) on_worker_ready(host);
}

void Pool::on_worker_ready(Host& host) {
  if (is_retired(host)) return;
  if (&host == next_.get()) return take_over();
  if (host.announced || !all_alive(host)) return;
  host.announced = true;
  failed_generations_ = 0;
  const uint32_t workers = host.generation->present_workers();
  log_.info("workers ready: " + std::to_string(workers),
            {{"pool", options_.name},
             {"workers", uint64_t{workers}},
             {"mode", std::string_view(host.threads ? "thread" : "process")},
             {"php", host.php_version}});
  if (is_reloaded(host)) on_reload_ready();
  if (on_ready_) {
    on_failed_ = nullptr;
    std::exchange(on_ready_, nullptr)();
  }
}

void Pool::on_exited(Host& host, const ControlMessage& message) {
  const uint32_t number = message.header.worker;
  if (number >= host.generation->worker_count()) return;
  Worker& worker = host.generation->workers()[number];
  if (worker.incarnation != message.header.incarnation || !worker.seat) return;
  read_report(host, number);  // its last word
  Death death{
      .booting = worker.state == WorkerState::kBooting || worker.killed == Killed::kBootTime,
      .wait_status = message.header.status,
      .reason = std::string(message.text())};
  std::shared_ptr<channel::Seat> seat;
  {
    std::lock_guard lock(mutex_);
    seat = std::move(worker.seat);
    host.generation->set_state(number, WorkerState::kDead);
  }
  host.generation->channel().forget(number);
  log_death(host, number, death);
  // Its successor comes when every loop has taken what it still said and settled its jobs.
  on_each_loop([generation = host.generation,
                seat](Dispatcher& dispatcher) { dispatcher.bury_worker(generation, seat); },
               [this, generation = host.generation->number(), number, death] {
                 Host* its = host_of(generation);
                 if (its != nullptr && !is_retired(*its)) replace(*its, number, death);
               });
}

void Pool::replace(Host& host, uint32_t number, const Death& death) {
  if (finish_by_ != 0 || start_failed_) return;
  base::Nanos delay = 0;
  Restart cause;
  {
    std::lock_guard lock(mutex_);
    Worker& worker = host.generation->workers()[number];
    cause = cause_of(worker, death.wait_status);
    ++counts_.restarts[cause];
    if (worker.leaving == Leaving::kIdle) {
      host.generation->set_state(number, WorkerState::kAbsent);
      return;
    }
    ++restarts_[number];
    // A request that kills its worker says nothing about the next one.
    bool at_birth = !is_planned(cause) && worker.requests == 0 && !death.had_request &&
                    base::monotonic_now() - worker.spawned_at < kBirth;
    worker.deaths_at_birth = at_birth ? worker.deaths_at_birth + 1 : 0;
    if (death.booting) {
      delay = count_boot_failure(worker);
    } else if (at_birth) {
      delay =
          std::min(kShortestBackoff << std::min(worker.deaths_at_birth - 1, 16u), kLongestBackoff);
    }
  }
  if (death.booting && is_last_boot(host, number, death)) return;
  if (delay == 0) {
    spawn(host, number);
  } else {
    host.spawn_at[number] = base::monotonic_now() + delay;
  }
  if (cause == Restart::kCrash) count_crash(host, host.generation->workers()[number].pid);
}

bool Pool::all_alive(Host& host) const {
  std::lock_guard lock(mutex_);
  bool wrong = std::ranges::any_of(host.generation->workers(), [](const Worker& worker) {
    return worker.state != WorkerState::kAlive && worker.state != WorkerState::kAbsent;
  });
  return !wrong && host.generation->present_workers() > 0;
}

void Pool::count_crash(Host& host, int pid) {
  // That of a process is told for each of its threads.
  if (host.threads && std::exchange(host.crashed_pid, pid) == pid) return;
  const base::Nanos now = base::monotonic_now();
  std::erase_if(crashes_, [&](base::Nanos when) { return now - when > kCrashWindow; });
  crashes_.push_back(now);
  if (crashes_.size() < kManyCrashes) return;
  crashes_.clear();
  renewal_wanted_ = "many workers crashed";
}

void Pool::log_death(Host& host, uint32_t number, Death& death) {
  const Worker& worker = host.generation->workers()[number];
  const int wait_status = death.wait_status;
  Generation::Label label;
  {
    std::lock_guard lock(mutex_);
    Generation& generation = *host.generation;
    uint32_t slot = generation.slot_held_by(number, worker.incarnation);
    death.had_request = slot != Generation::kNoSlot;
    if (death.had_request && channel::runs(generation.channel().claim(slot).state)) {
      label = generation.label(slot);
    }
  }
  // Planned: every worker of it ends now.
  if ((finish_by_ != 0 || is_retired(host)) && WIFEXITED(wait_status)) return;
  if (death.booting) return log_failed_boot(host, number, why_boot_failed(host, number, death));
  const Restart cause = cause_of(worker, wait_status);
  if (is_planned(cause)) {
    log_.debug("worker ended as planned", {{"worker", uint64_t{number}},
                                           {"pid", int64_t{worker.pid}},
                                           {"cause", name_of(cause)},
                                           {"requests", worker.requests}});
    return;
  }
  std::string how = base::describe_exit(wait_status) + explain_exit(worker, wait_status);
  bool clean = ended_cleanly(wait_status);
  // The death of a process of threads is told once, and for each request that it has cost.
  const bool told = host.threads && std::exchange(host.dead_pid, worker.pid) == worker.pid;
  const base::LogLevel level = clean                           ? base::LogLevel::kInfo
                               : told && label.request.empty() ? base::LogLevel::kDebug
                                                               : base::LogLevel::kError;
  log_.log(base::LogType::kApp, level, clean ? "worker ended" : "worker died",
           {label.request_id, label.trace_id, label.span_id},
           {{"worker", uint64_t{number}},
            {"pid", int64_t{worker.pid}},
            {"cause", how},
            {"request", label.request},
            {"background", label.background}});
}

void Pool::on_line(Host& host, const ControlMessage& message) {
  const uint32_t number = message.header.worker;
  Generation::Label label;
  const bool is_worker = number < host.generation->worker_count();
  if (is_worker) {
    std::lock_guard lock(mutex_);
    Generation& generation = *host.generation;
    uint32_t slot = generation.slot_held_by(number, message.header.incarnation);
    if (slot != Generation::kNoSlot) label = generation.label(slot);
  }
  log_stderr_line(log_, message.text(), is_worker ? int64_t{number} : -1, label);
}

void Pool::report_bad_worker(Generation& generation, const channel::Seat& seat, base::Error error) {
  log_.error("worker broke the channel's rules and is killed",
             {{"worker", uint64_t{seat.worker()}}, {"error", error.message()}});
  channel::ControlHeader kill{
      .type = ControlType::kKill, .worker = seat.worker(), .incarnation = seat.incarnation()};
  loops_.front()->post([this, number = generation.number(), kill] {
    Host* host = host_of(number);
    if (host == nullptr) return;
    if (!host->kills) return give_up(*host);
    {
      std::lock_guard lock(mutex_);
      Worker& worker = host->generation->workers()[kill.worker];
      if (worker.incarnation == kill.incarnation) worker.killed = Killed::kBrokeRules;
    }
    if (!host->link->send(kill)) give_up(*host);
  });
}

// A thread cannot be killed alone, and its host's memory is not what it should be. Nor can a
// process whose host takes no more orders.
void Pool::give_up(Host& host) {
  if (&host == host_.get()) {
    end_generation("a worker broke the channel's rules", host.started_at + kShortestGenerationLife);
  } else if (&host == next_.get()) {
    drop_next("a worker broke the channel's rules");
  } else {
    host.gone = true;
  }
}

void Pool::audit_claims() {
  if (!host_) return;
  const char* wrong;
  {
    std::lock_guard lock(mutex_);
    wrong = generation_->audit();
  }
  if (wrong == nullptr) return;
  log_.error("a worker has overwritten its pool's claims", {{"error", std::string_view(wrong)}});
  end_generation("its claims were overwritten", host_->started_at + kShortestGenerationLife);
}

// An honest worker publishes the end of its answer first, so this finds those whose client is slow
// to take what they left in their rings, and liars.
void Pool::settle_released_jobs() {
  if (!host_) return;
  std::vector<Generation::Released> found;
  {
    std::lock_guard lock(mutex_);
    found = generation_->released_jobs();
  }
  for (const Generation::Released& job : found) {
    loops_[job.loop]->post(
        [dispatcher = dispatchers_[job.loop].get(), job, generation = host_->generation->number()] {
          dispatcher->settle_released(generation, job.slot, job.ticket);
        });
  }
}

void Pool::tick() {
  base::Nanos now = base::monotonic_now();
  watch_orphans(now);
  watch_slow(now);
  end_overdue_looks(now);
  renew_if_stuck(now);
  audit_claims();
  settle_released_jobs();
  if (host_) {
    host_->generation->channel().repair_order_head();
    spawn_due(*host_, now);
    if (runs_script()) {
      read_reports(*host_);
      const bool may_fail = on_failed_ && options_.max_boot_failures;
      if (host_ && may_fail) limit_start(now);
      if (host_ && !may_fail && !start_failed_) limit_boots(*host_, now);
      if (host_) watch_pauses(*host_, now);
    }
  }
  greet_next(now);
  if (next_) {
    spawn_due(*next_, now);
    if (runs_script()) read_reports(*next_);
  }
  for (auto& retired : retired_) {
    if (runs_script()) read_reports(*retired);
  }
  if (next_ && next_->end_by != 0 && now >= next_->end_by) drop_next("it was not ready in time");
  const bool late = host_ && is_reloaded(*host_) && !reload_->prepared && !next_ &&
                    now >= host_->started_at + kRenewalLimit;
  if (late) end_generation("it was not ready in time");
  end_retired(now);
  adapt(now);
  if (request_host_at_ != 0 && now >= request_host_at_) request_host();
  if (reload_) begin_reload();
  begin_restart();
  if (renewal_wanted_ != nullptr) renew(now);
  // A host that hangs loses its control socket, which ends it.
  if (finish_by_ != 0 && now >= finish_by_) end_generation("it does not end");
  if (on_drained_) finish_drain();
  loops_.front()->timers().arm(tick_timer_, now + kTick);
}

}  // namespace howdah::pool

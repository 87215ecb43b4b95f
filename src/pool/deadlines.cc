// Requests that nobody waits for any more: interrupted when their time is up, killed when that does
// not help. On the primary loop, but for what adds them.

#include <algorithm>

#include "pool/pool.h"

namespace howdah::pool {

using channel::ControlMessage;
using channel::ControlType;
using channel::SlotState;

namespace {

constexpr const char* kThreadStuck = "a thread did not come back from its request";
constexpr const char* kBootStuck = "a thread did not come back from its boot";
constexpr const char* kPauseStuck = "a thread did not come back for its next request";

}  // namespace

// --- from any loop, under the lock ---------------------------------------------------------------

void Pool::add_abandoned(const Job& job, const channel::Claim& claim) {
  if (job.deadline == 0) return;
  orphans_.push_back({.generation = job.generation,
                      .slot = job.slot,
                      .claim = claim,
                      .due = job.deadline,
                      .time_limit = job.time_limit});
}

void Pool::add_cancelled(Generation& generation, const Job& job, const channel::Claim& claim) {
  orphans_.push_back({.generation = job.generation, .slot = job.slot, .claim = claim});
  begin_grace(generation, orphans_.back(), base::monotonic_now());
  loops_.front()->post([this, number = job.generation, claim] { interrupt(number, claim); });
}

void Pool::begin_grace(Generation& generation, Orphan& orphan, base::Nanos now) {
  ++counts_.timeouts;
  orphan.stage = Orphan::Stage::kCancelled;
  orphan.due = now + kCancelGrace;
  orphan.label = generation.label(orphan.slot);
}

// --- primary loop --------------------------------------------------------------------------------

bool Pool::still_runs(const Orphan& orphan, Generation& generation) const {
  channel::Claim claim = generation.channel().claim(orphan.slot);
  return claim.ticket == orphan.claim.ticket && claim.worker == orphan.claim.worker &&
         claim.incarnation == orphan.claim.incarnation &&
         (claim.state == SlotState::kRunning || claim.state == SlotState::kClaimed);
}

Pool::Step Pool::next_step(Orphan& orphan, Generation& generation, base::Nanos now) {
  using Stage = Orphan::Stage;
  if (orphan.stage == Stage::kOver) return now < orphan.due ? Step::kWait : Step::kForget;
  if (!still_runs(orphan, generation)) {
    if (orphan.stage == Stage::kAbandoned || orphan.logged) return Step::kForget;
    orphan.stage = Stage::kOver;
    orphan.due = now + kNoteLimit;
    return Step::kWait;
  }
  if (orphan.stage == Stage::kStuck || now < orphan.due) return Step::kWait;
  if (orphan.stage == Stage::kCancelled) {
    if (!host_of(orphan.generation)->kills) orphan.stage = Stage::kStuck;
    orphan.due = now + kCancelGrace;  // and again, until its word changes
    return Step::kKill;
  }
  const base::Nanos wanted = generation.wanted_deadline(orphan.slot);
  if (wanted == channel::kNoDeadline) return Step::kForget;  // answered: without a limit
  if (wanted > now) {
    orphan.due = std::min(wanted, now + orphan.time_limit);
    return Step::kWait;
  }
  generation.channel().set_cancelled(orphan.slot);
  begin_grace(generation, orphan, now);
  ++counts_.abandoned_timeouts;
  return Step::kInterrupt;
}

void Pool::watch_orphans(base::Nanos now) {
  std::vector<std::pair<Step, Orphan>> due;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(orphans_, [&](Orphan& orphan) {
      Host* host = host_of(orphan.generation);
      if (host == nullptr) return true;
      Step step = next_step(orphan, *host->generation, now);
      if (step == Step::kWait) return false;
      due.emplace_back(step, orphan);
      if (step == Step::kKill) orphan.logged = true;
      return step == Step::kForget;
    });
  }
  for (const auto& [step, orphan] : due) {
    if (step == Step::kInterrupt) {
      interrupt(orphan.generation, orphan.claim);
      continue;
    }
    bool cancelled = orphan.stage != Orphan::Stage::kAbandoned;
    if (cancelled && !orphan.logged) log_interrupted(orphan.label, orphan.claim.worker, "");
    if (step == Step::kKill) kill_overdue(orphan);
  }
}

void Pool::interrupt(uint32_t generation, const channel::Claim& claim) {
  Host* host = host_of(generation);
  if (host == nullptr) return;
  std::ignore = host->link->send(
      {.type = ControlType::kInterrupt, .worker = claim.worker, .incarnation = claim.incarnation});
}

void Pool::kill_overdue(const Orphan& orphan) {
  Host* host = host_of(orphan.generation);
  {
    std::lock_guard lock(mutex_);
    if (!host->kills) {  // see renew_if_stuck()
      ++counts_.restarts[Restart::kTimeout];
      return;
    }
  }
  kill(*host, orphan.claim.worker, orphan.claim.incarnation, Killed::kTimeUp);
}

void Pool::kill(Host& host, uint32_t number, uint32_t incarnation, Killed why) {
  auto sent = host.link->send({.type = ControlType::kKill,
                               .worker = number,
                               .incarnation = incarnation,
                               .status = kNeighbourGraceSeconds});
  if (!sent) return;
  std::lock_guard lock(mutex_);
  Worker& worker = host.generation->workers()[number];
  worker.killed = why;
  if (host.threads) retire_process(*host.generation, worker.pid);
}

void Pool::retire_process(Generation& generation, int pid) {
  for (uint32_t number = 0; number < generation.worker_count(); ++number) {
    Worker& worker = generation.workers()[number];
    if (worker.pid != pid || !worker.seat) continue;
    if (worker.leaving == Leaving::kNo) worker.leaving = Leaving::kNeighbour;
    generation.channel().retire(number, worker.incarnation);
  }
}

// --- threads that do not come back ---------------------------------------------------------------

uint32_t Pool::stuck_for(const Host& host, Killed why) const {
  if (host.kills) return 0;
  return static_cast<uint32_t>(std::ranges::count_if(
      host.generation->workers(),
      [&](const Worker& worker) { return worker.seat && worker.killed == why; }));
}

uint32_t Pool::stuck_threads(const Host& host) const {
  const auto in_requests = std::ranges::count_if(orphans_, [&](const Orphan& orphan) {
    return orphan.generation == host.generation->number() && orphan.stage == Orphan::Stage::kStuck;
  });
  return static_cast<uint32_t>(in_requests) + stuck_for(host, Killed::kBootTime) +
         stuck_for(host, Killed::kPauseTime);
}

void Pool::renew_if_stuck(base::Nanos now) {
  if (!host_ || renewal_wanted_ != nullptr) return;
  std::lock_guard lock(mutex_);
  const uint32_t stuck = stuck_threads(*host_);
  // With no thread left there is nothing to wait for.
  const bool some_left = stuck < host_->generation->present_workers();
  if (stuck == 0 || (some_left && now < stuck_renewal_at_)) return;
  renewal_wanted_ = stuck_for(*host_, Killed::kBootTime) == stuck    ? kBootStuck
                    : stuck_for(*host_, Killed::kPauseTime) == stuck ? kPauseStuck
                                                                     : kThreadStuck;
}

void Pool::count_renewal(const char* why, base::Nanos now) {
  if (why != kThreadStuck && why != kBootStuck && why != kPauseStuck) return;
  if (now >= stuck_renewal_at_ + kStuckCalm) stuck_backoff_ = 0;
  stuck_backoff_ = std::clamp(2 * stuck_backoff_, kRenewalInterval, kLongestStuckBackoff);
  stuck_renewal_at_ = now + stuck_backoff_;
}

// --- the log -------------------------------------------------------------------------------------

void Pool::on_yielded(Host& host, const ControlMessage& message) {
  const uint32_t number = message.header.worker;
  Generation::Label label;
  {
    std::lock_guard lock(mutex_);
    // The host repeats itself for as long as the script goes on.
    auto found = std::ranges::find_if(orphans_, [&](const Orphan& orphan) {
      return orphan.generation == host.generation->number() && orphan.claim.worker == number &&
             orphan.claim.incarnation == message.header.incarnation && !orphan.logged &&
             orphan.stage != Orphan::Stage::kAbandoned;
    });
    if (found == orphans_.end()) return;
    found->logged = true;
    label = found->label;
  }
  log_interrupted(label, number, message.text());
}

void Pool::log_interrupted(const Generation::Label& label, uint32_t worker,
                           std::string_view script) {
  log_.log(base::LogType::kApp, base::LogLevel::kWarn, "script interrupted: REQUEST_TIMEOUT",
           {label.request_id, label.trace_id, label.span_id},
           {{"worker", uint64_t{worker}}, {"request", label.request}, {"script", script}});
}

}  // namespace howdah::pool

// Where scripts are: requests that run for long, and whoever asks for all workers' stacks. On the
// primary loop. The hosts do the looking (php/script_stack.h); what they say is not believed.

#include <algorithm>
#include <utility>

#include "pool/pool.h"
#include "pool/worker_log.h"

namespace howdah::pool {

using channel::ControlMessage;
using channel::ControlType;

// --- SLOW_REQUEST --------------------------------------------------------------------------------

void Pool::watch_slow(base::Nanos now) {
  if (options_.slow_request == 0) return;
  if (host_) watch_slow(*host_, now);
  for (const auto& retired : retired_) watch_slow(*retired, now);
}

void Pool::watch_slow(Host& host, base::Nanos now) {
  std::vector<Look> due;
  {
    std::lock_guard lock(mutex_);
    for (const Generation::Slow& slow : host.generation->newly_slow(now, options_.slow_request)) {
      ++counts_.slow_requests;
      due.push_back({.generation = host.generation->number(),
                     .claim = slow.claim,
                     .running_for = slow.running_for,
                     .label = host.generation->label(slow.slot)});
    }
  }
  for (Look& each : due) look(host, std::move(each));
}

// --- all stacks ----------------------------------------------------------------------------------

void Pool::gather_stacks(StacksDone done) {
  loops_.front()->post([this, done = std::move(done)] { start_gathering(done); });
}

void Pool::start_gathering(StacksDone done) {
  if (gatherings_ >= kMostGatherings) return done({});
  ++gatherings_;
  auto gathering = std::make_shared<Gathering>();
  gathering->done = std::move(done);
  gathering->missing = 1;  // this function
  if (host_) start_looks(*host_, gathering);
  if (--gathering->missing > 0) return;
  --gatherings_;
  gathering->done(std::move(gathering->stacks));
}

void Pool::start_looks(Host& host, const std::shared_ptr<Gathering>& gathering) {
  std::vector<channel::Claim> running;
  {
    std::lock_guard lock(mutex_);
    Generation& generation = *host.generation;
    for (uint32_t slot = 0; slot < generation.slot_count(); ++slot) {
      if (!generation.in_use(slot)) continue;
      const channel::Claim claim = generation.channel().claim(slot);
      if (channel::runs(claim.state) && claim.ticket == generation.ticket(slot)) {
        running.push_back(claim);
      }
    }
  }
  gathering->missing += running.size();
  for (const channel::Claim& claim : running) {
    look(host, {.generation = host.generation->number(),
                .claim = claim,
                .label = {},
                .gathering = gathering});
  }
}

// --- questions and answers -----------------------------------------------------------------------

void Pool::look(Host& host, Look look) {
  look.until = base::monotonic_now() + (look.gathering ? kLookLimit : kSlowLookLimit);
  const bool asked = std::ranges::any_of(looks_, [&](const Look& each) {
    return each.generation == look.generation && each.claim == look.claim;
  });
  const channel::Claim claim = look.claim;
  looks_.push_back(std::move(look));
  if (asked) return;
  // A host that does not hear us does not answer: see `until`.
  std::ignore = host.link->send({.type = ControlType::kLook,
                                 .worker = claim.worker,
                                 .incarnation = claim.incarnation,
                                 .ticket = claim.ticket});
}

void Pool::on_looked(Host& host, const ControlMessage& message) {
  std::vector<Look> answered;
  std::erase_if(looks_, [&](Look& each) {
    const bool its = each.generation == host.generation->number() &&
                     each.claim.worker == message.header.worker &&
                     each.claim.incarnation == message.header.incarnation &&
                     each.claim.ticket == message.header.ticket;
    if (its) answered.push_back(std::move(each));
    return its;
  });
  for (Look& each : answered) end_look(each, parse_stack(message.text()));
}

void Pool::end_overdue_looks(base::Nanos now) {
  std::vector<Look> overdue;
  std::erase_if(looks_, [&](Look& each) {
    if (now < each.until) return false;
    overdue.push_back(std::move(each));
    return true;
  });
  for (Look& each : overdue) end_look(each, {});
}

void Pool::end_look(Look& look, ScriptStack stack) {
  if (!look.gathering) {
    return log_slow_request(log_, look.label, look.claim.worker, look.running_for, stack);
  }
  Gathering& gathering = *look.gathering;
  gathering.stacks.push_back({options_.name, look.claim.worker, std::move(stack)});
  if (--gathering.missing > 0) return;
  --gatherings_;
  gathering.done(std::move(gathering.stacks));
}

}  // namespace howdah::pool

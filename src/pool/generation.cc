#include "pool/generation.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "channel/request_codec.h"

namespace howdah::pool {

using channel::Claim;
using channel::SlotState;

base::Result<std::shared_ptr<Generation>> Generation::create(uint32_t number, uint32_t workers,
                                                             uint32_t loops) {
  auto channel = channel::FrontChannel::create(
      {.workers = workers, .loops = loops, .slots = workers + channel::kReadySlots});
  if (!channel) return base::fail(channel.error());
  return std::shared_ptr<Generation>(new Generation(number, std::move(*channel)));
}

Generation::Generation(uint32_t number, std::unique_ptr<channel::FrontChannel> channel)
    : number_(number),
      channel_(std::move(channel)),
      workers_(channel_->shape().workers),
      seat_versions_(new std::atomic<uint32_t>[channel_->shape().workers]()),
      records_(channel_->shape().slots),
      seen_busy_(channel_->shape().workers) {
  for (uint32_t slot = slot_count(); slot > 0; --slot) free_.push_back(slot - 1);
  letting_go_.reserve(slot_count());
}

void Generation::set_state(uint32_t worker, WorkerState state) {
  WorkerState& its = workers_[worker].state;
  if (its != WorkerState::kAbsent) --present_workers_;
  if (state != WorkerState::kAbsent) ++present_workers_;
  its = state;
}

bool Generation::place(Job& job) {
  if (!letting_go_.empty()) reclaim();
  if (free_.empty()) return false;
  uint32_t slot = free_.back();
  const uint64_t order = channel_->order_tail();
  if (!channel_->publish(slot, next_ticket_, job.loop, job.request, job.body, job.body_size)) {
    return false;
  }
  free_.pop_back();
  records_[slot] = Record{.ticket = next_ticket_, .loop = job.loop, .job = &job, .order = order};
  if (++next_ticket_ == 0) next_ticket_ = 1;
  job.state = Job::State::kPlaced;
  job.generation = number_;
  job.slot = slot;
  records_[slot].submitted_at = job.submitted_at;
  return true;
}

Generation::Lookup Generation::find(uint32_t slot, uint32_t ticket, uint32_t loop,
                                    const channel::Seat& seat) {
  if (slot >= records_.size() || ticket == 0) return {};
  Record& record = records_[slot];
  if (record.ticket != ticket || record.loop != loop) return {};
  Claim claim = channel_->claim(slot);
  bool its = claim.ticket == ticket && claim.worker == seat.worker() &&
             claim.incarnation == seat.incarnation();
  bool anothers = record.begun() && (record.answering_worker != seat.worker() ||
                                     record.answering_incarnation != seat.incarnation());
  if (!its || anothers) return {};
  record.answering_worker = seat.worker();
  record.answering_incarnation = seat.incarnation();
  return {.found = true, .job = record.job};
}

void Generation::let_go(uint32_t slot) {
  Record& record = records_[slot];
  record.job = nullptr;
  if (record.letting_go) return;
  record.letting_go = true;
  letting_go_.push_back(slot);
}

const char* Generation::audit() {
  std::ranges::fill(seen_busy_, kNoSlot);
  for (uint32_t slot = 0; slot < slot_count(); ++slot) {
    if (const char* wrong = audit_slot(slot)) return wrong;
  }
  return nullptr;
}

const char* Generation::audit_slot(uint32_t slot) {
  // Before the word: a worker changes the word first.
  const uint64_t head = channel_->order_head();
  const Claim claim = channel_->claim(slot);
  const Record& record = records_[slot];
  if (!in_use(slot)) return claim == Claim{} ? nullptr : "a free slot was claimed";
  if (claim.ticket != record.ticket) return "a slot's claim names another request";
  if (claim.state == SlotState::kQueued) {
    if (record.begun()) return "a request that was answered is queued";
    return head <= record.order ? nullptr : "a queued request was passed over";
  }
  bool its_state = claim.state == SlotState::kClaimed || claim.state == SlotState::kReleased ||
                   channel::runs(claim.state);
  if (!its_state) return "a slot's claim has an impossible state";
  if (claim.incarnation == 0 || claim.worker >= workers_.size() ||
      claim.incarnation != workers_[claim.worker].incarnation) {
    return "a slot was claimed by nobody";
  }
  if (record.begun() &&
      (claim.state == SlotState::kClaimed || claim.worker != record.answering_worker ||
       claim.incarnation != record.answering_incarnation)) {
    return "a request that was answered was claimed again";
  }
  if (claim.state == SlotState::kReleased) return nullptr;
  // A worker holds one request at a time. The other word is read again: it may have let go between.
  uint32_t other = std::exchange(seen_busy_[claim.worker], slot);
  if (other == kNoSlot) return nullptr;
  const Claim held = channel_->claim(other);
  bool both = held.worker == claim.worker && held.incarnation == claim.incarnation &&
              held.state != SlotState::kReleased;
  return both ? "a worker holds two requests" : nullptr;
}

std::vector<Generation::Released> Generation::released_jobs() const {
  std::vector<Released> found;
  for (uint32_t slot = 0; slot < slot_count(); ++slot) {
    const Record& record = records_[slot];
    if (record.job == nullptr) continue;
    const Claim claim = channel_->claim(slot);
    if (claim.state != SlotState::kReleased || claim.ticket != record.ticket) continue;
    found.push_back({slot, record.ticket, record.loop});
  }
  return found;
}

base::Nanos Generation::wanted_deadline(uint32_t slot) const {
  const Claim claim = channel_->claim(slot);
  if (claim.state != SlotState::kRunning || claim.worker >= workers_.size()) return 0;
  const Worker& worker = workers_[claim.worker];
  bool its = worker.seat != nullptr && claim.incarnation == worker.incarnation &&
             claim.ticket == ticket(slot);
  return its ? worker.seat->wanted_deadline(loop_of(slot)) : 0;
}

void Generation::reclaim() {
  std::erase_if(letting_go_, [this](uint32_t slot) {
    if (!in_use(slot)) return true;
    Claim claim = channel_->claim(slot);
    if (claim.state != SlotState::kReleased || claim.ticket != ticket(slot)) return false;
    records_[slot] = {};
    channel_->reset(slot);
    free_.push_back(slot);
    return true;
  });
}

bool Generation::is_held_by(uint32_t slot, uint32_t worker, uint32_t incarnation) const {
  if (!in_use(slot)) return false;
  Claim claim = channel_->claim(slot);
  return claim.state != SlotState::kQueued && claim.worker == worker &&
         claim.incarnation == incarnation;
}

uint32_t Generation::slot_held_by(uint32_t worker, uint32_t incarnation) const {
  uint32_t held = kNoSlot;
  for (uint32_t slot = 0; slot < slot_count(); ++slot) {
    if (!is_held_by(slot, worker, incarnation)) continue;
    if (channel::runs(channel_->claim(slot).state)) return slot;
    held = slot;
  }
  return held;
}

std::vector<bool> Generation::holders() const {
  std::vector<bool> found(worker_count());
  for (uint32_t slot = 0; slot < slot_count(); ++slot) {
    if (!in_use(slot)) continue;
    const Claim claim = channel_->claim(slot);
    if (is_held(claim.state) && claim.worker < found.size()) found[claim.worker] = true;
  }
  return found;
}

bool Generation::take_back(uint32_t slot) {
  return !records_[slot].begun() && channel_->take_back(slot, ticket(slot));
}

std::vector<Generation::Slow> Generation::newly_slow(base::Nanos now, base::Nanos limit) {
  std::vector<Slow> found;
  for (uint32_t slot = 0; slot < slot_count(); ++slot) {
    Record& record = records_[slot];
    if (record.ticket == 0 || record.slow) continue;
    const Claim claim = channel_->claim(slot);
    if (claim.state != SlotState::kRunning || claim.ticket != record.ticket) continue;
    if (record.running_since == 0) record.running_since = now;
    if (now - record.running_since < limit) continue;
    if (record.job != nullptr && record.job->long_lived.load(std::memory_order_relaxed)) continue;
    record.slow = true;
    found.push_back({slot, claim, now - record.running_since});
  }
  return found;
}

uint32_t Generation::unclaimed_since(base::Nanos when) const {
  uint32_t count = 0;
  for (uint32_t slot = 0; slot < slot_count(); ++slot) {
    const Job* job = records_[slot].job;
    if (job == nullptr || job->submitted_at > when) continue;
    if (channel_->claim(slot).state == SlotState::kQueued) ++count;
  }
  return count;
}

std::vector<uint32_t> Generation::slots_by_age() const {
  std::vector<uint32_t> slots;
  for (uint32_t slot = 0; slot < slot_count(); ++slot) {
    if (in_use(slot)) slots.push_back(slot);
  }
  // By distance, so that the order survives the counter's coming round.
  std::ranges::sort(slots, std::greater(),
                    [this](uint32_t slot) { return next_ticket_ - ticket(slot); });
  return slots;
}

void Generation::free_now(uint32_t slot) {
  std::erase(letting_go_, slot);
  records_[slot] = {};
  channel_->reset(slot);
  free_.push_back(slot);
}

Generation::Label Generation::label(uint32_t slot) const {
  Label label = label_of(channel_->request(slot));
  label.background = channel_->claim(slot).state == SlotState::kFinished;
  return label;
}

OpenRequest Generation::open_request(uint32_t slot, base::Nanos now) const {
  OpenRequest open = open_request_of(label_of(channel_->request(slot)));
  open.age = now - records_[slot].submitted_at;
  const channel::Claim claim = channel_->claim(slot);
  if (claim.state != SlotState::kClaimed && !channel::runs(claim.state)) return open;
  open.phase = claim.state == SlotState::kFinished ? OpenRequest::Phase::kBackground
                                                   : OpenRequest::Phase::kRunning;
  // The word is the worker's to write.
  if (claim.worker >= workers_.size()) return open;
  open.worker = claim.worker;
  open.pid = workers_[claim.worker].pid;
  return open;
}

OpenRequest Generation::open_request_of(Label label) {
  OpenRequest open;
  open.request = std::move(label.request);
  open.request_id = std::move(label.request_id);
  open.trace_id = std::move(label.trace_id);
  open.span_id = std::move(label.span_id);
  return open;
}

Generation::Label Generation::label_of(std::string_view request) {
  Label label;
  std::string_view method, uri;
  channel::RequestView view(request);
  channel::RequestView::Item item;
  while (view.next(item)) {
    switch (item.var) {
      case channel::Var::kRequestMethod:
        method = item.value;
        break;
      case channel::Var::kRequestUri:
        uri = item.value;
        break;
      case channel::Var::kTokioRequestId:
        label.request_id = item.value;
        break;
      case channel::Var::kTraceId:
        label.trace_id = item.value;
        break;
      case channel::Var::kSpanId:
        label.span_id = item.value;
        break;
      default:
        break;
    }
  }
  label.request.append(method).append(" ").append(uri.substr(0, uri.find('?')));
  return label;
}

}  // namespace howdah::pool

#include "pool/dispatcher.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "channel/protocol_error.h"
#include "channel/record.h"
#include "pool/pool.h"
#include "pool/worker_log.h"

namespace howdah::pool {

using channel::Frame;
using channel::FrameType;
using channel::SlotState;

namespace {

// Takes the times off a payload, when the frame has them.
bool take_phases(const Frame& frame, std::string_view& payload, channel::PhaseTimes& phases) {
  if ((frame.flags & channel::kFrameTimed) == 0 || payload.size() < sizeof phases) return false;
  std::memcpy(&phases, payload.data(), sizeof phases);
  payload.remove_prefix(sizeof phases);
  return true;
}

bool is_aside(FrameType type) { return type == FrameType::kLog || type == FrameType::kNeedBody; }

}  // namespace

Dispatcher::Dispatcher(Pool& pool, net::EventLoop& loop) : pool_(pool), loop_(loop) {
  loop_.add_hook(*this);
}

Dispatcher::~Dispatcher() { loop_.remove_hook(*this); }

// --- jobs ----------------------------------------------------------------------------------------

Submit Dispatcher::submit(Job& job) {
  std::lock_guard lock(pool_.mutex_);
  if (pool_.ending_) return Submit::kUnavailable;
  if (pool_.full()) return Submit::kQueueFull;
  job.loop = loop_.index();
  job.state = Job::State::kWaiting;
  pool_.waiting_.push_back(job);
  placed_in_pass_ += pool_.refill();
  return Submit::kAccepted;
}

bool Dispatcher::withdraw(Job& job) {
  std::lock_guard lock(pool_.mutex_);
  return take_back(job);
}

bool Dispatcher::take_back(Job& job) {
  if (job.state == Job::State::kWaiting) pool_.waiting_.remove(job);
  if (job.state == Job::State::kPlaced) {
    View* view = view_of(job.generation);
    if (view != nullptr) {
      Generation& generation = *view->generation;
      if (!generation.take_back(job.slot)) return false;
      generation.free_now(job.slot);
    }
  }
  job.state = Job::State::kIdle;
  return true;
}

void Dispatcher::abandon(Job& job) { remove(job, Removal::kAbandon); }
void Dispatcher::cancel(Job& job) { remove(job, Removal::kCancel); }

void Dispatcher::remove(Job& job, Removal removal) {
  std::unique_lock lock(pool_.mutex_);
  if (take_back(job)) return;
  job.state = Job::State::kIdle;
  View* view = view_of(job.generation);
  Generation& generation = *view->generation;
  const uint32_t slot = job.slot;
  channel::Claim claim = generation.channel().claim(slot);
  removal == Removal::kCancel ? generation.channel().set_cancelled(slot)
                              : generation.channel().set_client_gone(slot);
  generation.let_go(slot);
  if (claim.worker >= view->rings.size()) return;
  removal == Removal::kCancel ? pool_.add_cancelled(generation, job, claim)
                              : pool_.add_abandoned(job, claim);
  lock.unlock();

  Ring& ring = ring_of(*view, claim.worker);
  if (ring.seat != nullptr) ring.seat->wake_writer(loop_.index());
  if (ring.job == &job) {
    ring.job = nullptr;
    pending_.push_back({view->generation->number(), claim.worker});
  }
}

void Dispatcher::resume(Job& job) {
  View* view = view_of(job.generation);
  if (view == nullptr) return;
  for (uint32_t worker = 0; worker < view->rings.size(); ++worker) {
    Ring& ring = view->rings[worker];
    if (ring.job != &job) continue;
    ring.job = nullptr;
    pending_.push_back({job.generation, worker});
    return;
  }
}

base::Nanos Dispatcher::wanted_deadline(const Job& job, base::Nanos now) {
  std::lock_guard lock(pool_.mutex_);
  View* view = job.state == Job::State::kPlaced ? view_of(job.generation) : nullptr;
  if (view == nullptr) return 0;
  return std::min(view->generation->wanted_deadline(job.slot), now + job.time_limit);
}

// --- net::PassHook -------------------------------------------------------------------------------

bool Dispatcher::poll() {
  bool any = false;
  for (auto& view : views_) {
    any |= view->generation->channel().take_news(
        loop_.index(), [&](uint32_t worker) { drain(*view, ring_of(*view, worker)); });
  }
  if (!pending_.empty()) {
    std::vector<Pending> pending;
    pending.swap(pending_);
    for (const Pending& p : pending) {
      if (View* view = view_of(p.generation)) drain(*view, ring_of(*view, p.worker));
    }
    any = true;
  }
  return any;
}

void Dispatcher::end_pass() {
  if (pool_.waiting_hint_.load(std::memory_order_relaxed) > 0) {
    std::lock_guard lock(pool_.mutex_);
    placed_in_pass_ += pool_.refill();
  }
  if (placed_in_pass_ == 0) return;
  // In all of them: there is one, but for the moments in which another takes over.
  for (auto& view : views_) view->generation->channel().wake(placed_in_pass_);
  placed_in_pass_ = 0;
}

bool Dispatcher::prepare_sleep() {
  bool news = !pending_.empty();
  for (auto& view : views_) {
    view->generation->channel().set_asleep(loop_.index(), true);
    news = news || view->generation->channel().has_news(loop_.index());
  }
  return !news;
}

void Dispatcher::wake_up() {
  for (auto& view : views_) view->generation->channel().set_asleep(loop_.index(), false);
}

// --- rings ---------------------------------------------------------------------------------------

Dispatcher::View* Dispatcher::view_of(uint32_t generation) const {
  for (auto& view : views_) {
    if (view->generation->number() == generation) return view.get();
  }
  return nullptr;
}

Dispatcher::Ring& Dispatcher::ring_of(View& view, uint32_t worker) {
  Ring& ring = view.rings[worker];
  uint32_t version = view.generation->seat_version(worker).load(std::memory_order_acquire);
  if (ring.version != version) {
    std::lock_guard lock(pool_.mutex_);
    ring = Ring{.seat = view.generation->workers()[worker].seat, .version = version};
  }
  return ring;
}

void Dispatcher::drain(View& view, Ring& ring) {
  if (ring.seat == nullptr || ring.broken) return;
  channel::RingReader& reader = ring.seat->ring(loop_.index());
  // A worker that has gone on to something else must not be held back for the last one's client.
  if (ring.job != nullptr && answered(view, ring.held_slot, ring.held_ticket)) ring.job = nullptr;
  // One visit takes at most what a ring holds: a chatty worker cannot keep the loop.
  const uint64_t limit = reader.taken() + channel::kRingBytes;
  while (ring.job == nullptr) {
    if (reader.taken() >= limit) {
      if (!ring.last_call) pending_.push_back({view.generation->number(), ring.seat->worker()});
      return;
    }
    Batch batch;
    reader.rewind();
    auto sound = collect(view, ring, limit, batch);
    if (sound && batch.ticket != 0) sound = deliver(view, ring, batch);
    if (!sound) {
      ring.broken = true;
      pool_.report_bad_worker(*view.generation, *ring.seat, sound.error());
      return;
    }
    if (batch.ticket == 0 && reader.taken() < limit) {
      return;  // the ring is empty
    }
  }
}

bool Dispatcher::answered(View& view, uint32_t slot, uint32_t ticket) {
  channel::Claim claim = view.generation->channel().claim(slot);
  return claim.ticket != ticket || channel::answered(claim.state);
}

base::Status Dispatcher::collect(View& view, Ring& ring, uint64_t limit, Batch& batch) {
  channel::RingReader& reader = ring.seat->ring(loop_.index());
  for (;;) {
    uint64_t start = reader.peeked();
    auto frame = reader.peek();
    if (!frame) return base::fail(frame.error());
    if (!*frame) return {};
    if (is_aside((*frame)->type)) {
      // Dealt with here and now, so it must not be met again if the batch is held back.
      if (batch.ticket != 0) return {};
      take_aside(view, *ring.seat, **frame);
      reader.take_to(reader.peeked());
      if (reader.taken() >= limit) return {};
      continue;
    }
    auto more = add_frame(ring, **frame, start, batch);
    if (!more) return base::fail(more.error());
    if (!*more) return {};
  }
}

base::Result<bool> Dispatcher::add_frame(Ring& ring, const Frame& frame, uint64_t start,
                                         Batch& batch) {
  if (frame.ticket == 0) {
    return channel::fail_protocol("a worker's frame has no ticket");
  }
  AnswerPart& part = batch.part;
  const bool first = batch.ticket == 0;
  const bool is_head = frame.type == FrameType::kHead || frame.type == FrameType::kInterim;
  // What does not belong to the batch starts the next one.
  if (!first && (frame.ticket != batch.ticket || is_head || batch.piece_count == kMaxPieces)) {
    return false;
  }
  batch.ticket = frame.ticket;
  batch.slot = frame.slot;
  batch.end = ring.seat->ring(loop_.index()).peeked();
  part.worker = ring.seat->worker();
  std::string_view payload = frame.payload;
  if (is_head || frame.type == FrameType::kEnd) {
    if (take_phases(frame, payload, batch.phases)) part.phases = &batch.phases;
  }
  if (is_head) {
    if (auto decoded = head_.decode(payload); !decoded) return base::fail(decoded.error());
    part.head = &head_;
    part.interim = frame.type == FrameType::kInterim;
    return !part.interim;
  }
  if (frame.type == FrameType::kEnd) {
    if (payload.size() == sizeof part.end_info) {
      std::memcpy(&part.end_info, payload.data(), sizeof part.end_info);
    }
    part.end = true;
    return false;
  }
  if ((frame.flags & channel::kFrameFlush) != 0) part.flush = true;
  std::string_view piece = frame.payload;
  if (first && start == ring.skip_at) piece.remove_prefix(std::min(ring.skip, piece.size()));
  if (piece.empty()) return true;
  batch.pieces[batch.piece_count] = piece;
  batch.piece_starts[batch.piece_count] = start;
  ++batch.piece_count;
  part.body_size += piece.size();
  return true;
}

// What is taken past any mark must have an end, whatever its worker's word says.
bool Dispatcher::keeps_its_word(Ring& ring, uint32_t ticket, uint64_t taken) {
  if (ring.answered_ticket != ticket) {
    ring.answered_ticket = ticket;
    ring.answered_by = taken + channel::kRingBytes;
  }
  return taken < ring.answered_by;
}

base::Status Dispatcher::deliver(View& view, Ring& ring, Batch& batch) {
  channel::RingReader& reader = ring.seat->ring(loop_.index());
  Generation::Lookup lookup;
  {
    std::lock_guard lock(pool_.mutex_);
    lookup = view.generation->find(batch.slot, batch.ticket, loop_.index(), *ring.seat);
  }
  if (lookup.job == nullptr) {  // nobody wants it any more
    reader.take_to(batch.end);
    return {};
  }
  AnswerPart& part = batch.part;
  part.body = {batch.pieces, batch.piece_count};
  part.must_take = ring.last_call || answered(view, batch.slot, batch.ticket);
  if (part.must_take && !ring.last_call && !keeps_its_word(ring, batch.ticket, reader.taken())) {
    return channel::fail_protocol("a worker goes on with an answer that it has finished");
  }
  // The job may be gone, or be another request's already, when this returns.
  size_t taken = std::min(lookup.job->consumer->on_answer(part), part.body_size);
  if (taken < part.body_size && !part.must_take) {
    hold_back(ring, batch, taken, lookup.job);
    return {};
  }
  ring.skip = 0;
  reader.take_to(batch.end);
  if (part.end) {
    std::lock_guard lock(pool_.mutex_);
    view.generation->let_go(batch.slot);
    ++view.generation->workers()[part.worker].requests;
  }
  return {};
}

void Dispatcher::hold_back(Ring& ring, const Batch& batch, size_t taken, Job* job) {
  size_t piece = 0;
  while (taken >= batch.pieces[piece].size()) taken -= batch.pieces[piece++].size();
  channel::RingReader& reader = ring.seat->ring(loop_.index());
  // What was skipped before still counts when the same frame is at the front again.
  size_t earlier = piece == 0 && batch.piece_starts[0] == ring.skip_at ? ring.skip : 0;
  ring.skip = taken + earlier;
  ring.skip_at = batch.piece_starts[piece];
  reader.take_to(ring.skip_at);
  // A job abandoned inside on_answer() does not come back to resume.
  if (job->state != Job::State::kPlaced) return;
  ring.held_slot = batch.slot;
  ring.held_ticket = batch.ticket;
  ring.job = job;
}

void Dispatcher::take_aside(View& view, channel::Seat& seat, const Frame& frame) {
  if (frame.type == FrameType::kNeedBody) return send_body(view, seat, frame);
  if (frame.payload.empty()) return;
  // A private copy: the worker can write to the ring.
  std::string said(frame.payload.substr(0, channel::kMaxTextBytes));
  Generation::Label label;
  {
    std::lock_guard lock(pool_.mutex_);
    if (view.generation->find(frame.slot, frame.ticket, loop_.index(), seat).found) {
      label = view.generation->label(frame.slot);
    }
  }
  if ((frame.flags & channel::kFrameRecord) != 0) return log_record(pool_.log_, said, label);
  pool_.log_.log(base::LogType::kError, log_level_of(said[0]), std::string_view(said).substr(1),
                 {label.request_id, label.trace_id, label.span_id},
                 {{"worker", uint64_t{seat.worker()}}, {"request", label.request}});
}

void Dispatcher::send_body(View& view, channel::Seat& seat, const Frame& frame) {
  int body = -1;
  std::lock_guard lock(pool_.mutex_);
  auto lookup = view.generation->find(frame.slot, frame.ticket, loop_.index(), seat);
  if (lookup.job != nullptr) body = lookup.job->body_fd;
  // A worker that does not read its socket gets nothing: it asked once a request.
  std::ignore = seat.send_body(frame.ticket, body);
}

// --- generations and deaths ----------------------------------------------------------------------

void Dispatcher::adopt(std::shared_ptr<Generation> generation) {
  auto view = std::make_unique<View>();
  view->rings.resize(generation->workers().size());
  view->event = std::make_unique<boost::asio::posix::stream_descriptor>(
      loop_.io(), generation->channel().loop_wake(loop_.index()));
  view->generation = std::move(generation);
  wait_for_event(*view);
  views_.push_back(std::move(view));
}

void Dispatcher::wait_for_event(View& view) {
  view.event->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this, &view](const boost::system::error_code& error) {
                           if (error) return;
                           char written[64];
                           std::ignore =
                               ::read(view.event->native_handle(), written, sizeof written);
                           wait_for_event(view);
                         });
}

void Dispatcher::bury_worker(const std::shared_ptr<Generation>& generation,
                             const std::shared_ptr<channel::Seat>& seat) {
  View* view = view_of(generation->number());
  if (view == nullptr) return;
  last_call(*view, seat);
  std::vector<Job*> lost;
  {
    std::lock_guard lock(pool_.mutex_);
    for (uint32_t slot = 0; slot < generation->slot_count(); ++slot) {
      if (!generation->in_use(slot) || generation->loop_of(slot) != loop_.index()) continue;
      if (!generation->is_held_by(slot, seat->worker(), seat->incarnation())) continue;
      if (Job* job = settle(*generation, slot)) lost.push_back(job);
    }
    placed_in_pass_ += pool_.refill();
    // A worker that was woken for a job may be the one that died.
    placed_in_pass_ += static_cast<uint32_t>(generation->channel().unclaimed());
  }
  for (Job* job : lost) job->consumer->on_lost(Loss::kWorkerDied);
}

void Dispatcher::settle_released(uint32_t generation, uint32_t slot, uint32_t ticket) {
  View* view = view_of(generation);
  if (view == nullptr) return;
  Generation& books = *view->generation;
  const channel::Claim claim = books.channel().claim(slot);
  if (claim.ticket != ticket || claim.state != SlotState::kReleased) return;
  if (claim.worker >= view->rings.size()) return;
  Ring& ring = ring_of(*view, claim.worker);
  // Of a worker that is dead by now bury_worker() settles all.
  if (ring.seat == nullptr || ring.seat->incarnation() != claim.incarnation) return;
  const uint64_t end_of_visit = ring.seat->ring(loop_.index()).taken() + channel::kRingBytes;
  drain(*view, ring);
  if (ring.seat->ring(loop_.index()).taken() >= end_of_visit) return;  // there may be more
  Job* lost;
  {
    std::lock_guard lock(pool_.mutex_);
    if (books.ticket(slot) != ticket || books.job(slot) == nullptr) return;
    lost = settle(books, slot);
  }
  pool_.report_bad_worker(books, *ring.seat,
                          {base::ErrorKind::kProtocol, 0, "a request was released unanswered"});
  if (lost != nullptr) lost->consumer->on_lost(Loss::kWorkerDied);
}

void Dispatcher::bury_generation(const std::shared_ptr<Generation>& generation) {
  View* view = view_of(generation->number());
  if (view == nullptr) return;
  std::vector<std::shared_ptr<channel::Seat>> seats;
  {
    std::lock_guard lock(pool_.mutex_);
    for (const Worker& worker : generation->workers()) {
      if (worker.seat != nullptr) seats.push_back(worker.seat);
    }
  }
  for (const auto& seat : seats) last_call(*view, seat);
  std::vector<Job*> lost;
  {
    std::lock_guard lock(pool_.mutex_);
    std::vector<uint32_t> slots = generation->slots_by_age();
    for (size_t i = slots.size(); i-- > 0;) {  // youngest first, each to the front of the queue
      if (generation->loop_of(slots[i]) != loop_.index()) continue;
      if (Job* job = settle(*generation, slots[i])) lost.push_back(job);
    }
  }
  std::erase_if(views_, [&](const auto& v) { return v.get() == view; });
  for (Job* job : lost) job->consumer->on_lost(Loss::kWorkerDied);
}

void Dispatcher::last_call(View& view, const std::shared_ptr<channel::Seat>& seat) {
  Ring& ring = view.rings[seat->worker()];
  if (ring.seat != seat) ring = Ring{.seat = seat};  // it had no news for this loop yet
  ring.last_call = true;
  ring.job = nullptr;
  drain(view, ring);
  ring = Ring{};
}

Job* Dispatcher::settle(Generation& generation, uint32_t slot) {
  Job* job = generation.job(slot);
  // By compare-and-swap: a worker that is held for dead may still be about to begin.
  bool waits_again = job != nullptr && generation.take_back(slot);
  generation.free_now(slot);
  if (job == nullptr) return nullptr;
  if (!waits_again) {
    job->state = Job::State::kIdle;
    return job;
  }
  pool_.wait_again(*job);
  return nullptr;
}

}  // namespace howdah::pool

#include "channel/worker_channel.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "base/unix_socket.h"
#include "channel/futex.h"
#include "channel/protocol_error.h"
#include "channel/record.h"

namespace howdah::channel {
// --- SharedRegions -------------------------------------------------------------------------------

base::Result<std::unique_ptr<SharedRegions>> SharedRegions::attach(
    base::UniqueFd requests, base::UniqueFd claims, std::vector<base::UniqueFd> loop_events) {
  auto header = map_region_prefix(requests.get(), sizeof(RequestRegion));
  if (!header) return base::fail(header.error());
  const auto& region = *static_cast<const RequestRegion*>(header->data());
  if (region.magic != kMagic || region.layout_version != kLayoutVersion) {
    return fail_protocol("the front speaks another version of the channel");
  }
  bool sane = region.slot_count <= kMaxSlots && region.loop_count == loop_events.size() &&
              region.loop_count <= kMaxLoops && region.worker_limit <= kMaxWorkers &&
              region.order_size <= 8 * kMaxSlots;
  if (!sane) return fail_protocol("the front's channel has impossible sizes");

  std::unique_ptr<SharedRegions> regions(new SharedRegions);
  auto request_mapping =
      map_region(requests.get(), request_region_bytes(region.order_size, region.slot_count),
                 Access::kReadOnly);
  if (!request_mapping) return base::fail(request_mapping.error());
  regions->requests_ = std::move(*request_mapping);
  auto claims_mapping = map_region(claims.get(), sizeof(ClaimsRegion), Access::kReadWrite);
  if (!claims_mapping) return base::fail(claims_mapping.error());
  regions->claims_ = std::move(*claims_mapping);
  regions->loop_events_ = std::move(loop_events);
  return regions;
}

const std::atomic<uint64_t>& SharedRegions::order_entry(uint64_t index) const {
  return order_ring(requests_.data())[index & (requests().order_size - 1)];
}

const SlotHeader& SharedRegions::slot(uint32_t slot) const {
  return *slot_at(requests_.data(), requests().order_size, slot);
}

// --- WorkerChannel: requests ---------------------------------------------------------------------

base::Result<std::unique_ptr<WorkerChannel>> WorkerChannel::attach(SharedRegions& regions,
                                                                   uint32_t worker,
                                                                   uint32_t incarnation,
                                                                   base::UniqueFd responses,
                                                                   base::UniqueFd body_socket) {
  uint32_t loops = regions.requests().loop_count;
  if (worker >= regions.requests().worker_limit) return fail_protocol("no such worker");
  std::unique_ptr<WorkerChannel> channel(new WorkerChannel(regions, worker, incarnation));
  auto controls = map_region_prefix(responses.get(), kRingControls, Access::kReadWrite);
  if (!controls) return base::fail(controls.error());
  channel->responses_ = std::move(*controls);
  for (uint32_t loop = 0; loop < loops; ++loop) {
    auto ring = RingMapping::map(responses.get(), ring_offset(loop), kRingBytes);
    if (!ring) return base::fail(ring.error());
    channel->rings_.push_back(std::move(*ring));
  }
  // Of the same incarnation, another process may have written before (snapshot mode).
  const auto* rings = static_cast<const RingControl*>(channel->responses_.data());
  for (uint32_t loop = 0; loop < loops; ++loop) {
    channel->ring_written_[loop] = rings[loop].written.load(std::memory_order_acquire);
  }
  channel->written_ = channel->published_ = channel->ring_written_[0];
  channel->body_socket_ = std::move(body_socket);
  return channel;
}

const Request* WorkerChannel::next_request() {
  if (!waited_) {
    waited_ = true;
    report().waited.store(1, std::memory_order_release);
  }
  while (!must_stop()) {
    if (try_claim()) return &request_;
    sleep_until_woken();
  }
  return nullptr;
}

void WorkerChannel::report_restart() {
  waited_ = false;
  report().waited.store(0, std::memory_order_relaxed);
  report().script_restarts.fetch_add(1, std::memory_order_relaxed);
}

bool WorkerChannel::must_stop() const {
  return stop_.load(std::memory_order_relaxed) ||
         regions_.requests().retire[worker_].load(std::memory_order_acquire) == incarnation_;
}

bool WorkerChannel::try_claim() {
  ClaimsRegion& claims = regions_.claims();
  const RequestRegion& requests = regions_.requests();
  for (;;) {
    uint64_t head = claims.order_head.load(std::memory_order_acquire);
    uint64_t tail = requests.order_tail.load(std::memory_order_acquire);
    if (head >= tail) return false;
    OrderEntry entry = unpack_order(regions_.order_entry(head).load(std::memory_order_acquire));
    // The head moved while the entry was read: the ring may have come round.
    if (claims.order_head.load(std::memory_order_acquire) != head) continue;
    bool claimed = false;
    if (entry.slot < requests.slot_count) {
      uint64_t queued = Claim::pack({.ticket = entry.ticket, .state = SlotState::kQueued});
      uint64_t mine = Claim::pack({entry.ticket, SlotState::kClaimed, worker_, incarnation_});
      claimed = claims.slots[entry.slot].packed.compare_exchange_strong(queued, mine,
                                                                        std::memory_order_acq_rel);
    }
    // Whoever sees that the entry is dealt with moves the hint on.
    claims.order_head.compare_exchange_strong(head, head + 1, std::memory_order_acq_rel);
    if (!claimed) continue;

    slot_ = &regions_.slot(entry.slot);
    slot_number_ = entry.slot;
    ticket_ = entry.ticket;
    loop_ = slot_->loop;
    written_ = published_ = ring_written_[loop_];
    open_body_ = kNoFrame;
    ended_ = false;
    const char* bytes = slot_payload(slot_);
    request_.vars = RequestView({bytes, slot_->request_size});
    request_.inline_body = {bytes + slot_->request_size, slot_->inline_body};
    request_.body_size = slot_->body_size;
    request_.claimed_at = base::monotonic_now();
    return true;
  }
}

void WorkerChannel::sleep_until_woken() {
  ClaimsRegion& claims = regions_.claims();
  const RequestRegion& requests = regions_.requests();
  std::atomic<uint32_t>& wake = claims.wake[worker_];
  std::atomic<uint64_t>& mask = claims.sleepers.words[worker_ / 64];
  const uint64_t bit = uint64_t{1} << (worker_ % 64);

  uint32_t seen = wake.load(std::memory_order_acquire);
  mask.fetch_or(bit, std::memory_order_seq_cst);
  handshake_fence();
  bool work = claims.order_head.load(std::memory_order_acquire) <
              requests.order_tail.load(std::memory_order_acquire);
  if (!work && !must_stop()) futex_wait(wake, seen);
  mask.fetch_and(~bit, std::memory_order_seq_cst);
}

bool WorkerChannel::begin() {
  uint64_t claimed = Claim::pack({ticket_, SlotState::kClaimed, worker_, incarnation_});
  uint64_t running = Claim::pack({ticket_, SlotState::kRunning, worker_, incarnation_});
  // Before the front can find this worker by the slot's word.
  control().wanted_deadline.store(0, std::memory_order_relaxed);
  if (regions_.claims().slots[slot_number_].packed.compare_exchange_strong(
          claimed, running, std::memory_order_acq_rel)) {
    request_.vars.profiled() ? phases_.begin(request_.claimed_at) : phases_.stop();
    return true;
  }
  slot_ = nullptr;
  ticket_ = 0;
  ended_ = true;
  return false;
}

void WorkerChannel::release() {
  if (slot_ == nullptr) return;
  if (!ended_) end();
  slot_ = nullptr;
  set_state(SlotState::kReleased);
  ticket_ = 0;
}

// Of the held request, whose word is this worker's alone since begin().
void WorkerChannel::set_state(SlotState state) {
  regions_.claims().slots[slot_number_].packed.store(
      Claim::pack({ticket_, state, worker_, incarnation_}), std::memory_order_release);
}

void WorkerChannel::request_stop() {
  stop_.store(true, std::memory_order_relaxed);
  std::atomic<uint32_t>& wake = regions_.claims().wake[worker_];
  wake.fetch_add(1, std::memory_order_release);
  futex_wake(wake);
}

base::Result<base::UniqueFd> WorkerChannel::body_descriptor() {
  if (!put(FrameType::kNeedBody, 0, {})) return base::fail({base::ErrorKind::kClosed, 0, "body"});
  publish();
  // Answers to requests that were cancelled before they fetched theirs may still lie here.
  for (;;) {
    pollfd answer{body_socket_.get(), POLLIN, 0};
    constexpr int kLookMs = 200;
    if (::poll(&answer, 1, kLookMs) <= 0) {
      if (client_gone() || cancelled()) return base::fail({base::ErrorKind::kClosed, 0, "body"});
      continue;
    }
    uint32_t ticket = 0;
    auto received = base::receive_message(body_socket_.get(),
                                          {reinterpret_cast<char*>(&ticket), sizeof ticket});
    if (!received) return base::fail(received.error());
    if (received->size != sizeof ticket) return fail_protocol("body descriptor");
    if (ticket != ticket_) continue;
    if (received->fds.size() != 1) return fail_protocol("body descriptor");
    return std::move(received->fds.front());
  }
}

// --- WorkerChannel: answers ----------------------------------------------------------------------

RingControl& WorkerChannel::control() const {
  return static_cast<RingControl*>(responses_.data())[loop_];
}

WorkerReport& WorkerChannel::report() const {
  return *reinterpret_cast<WorkerReport*>(static_cast<char*>(responses_.data()) + kReportOffset);
}

char* WorkerChannel::ring_at(uint64_t position) const {
  return rings_[loop_].data() + position % kRingBytes;
}

bool WorkerChannel::reserve(size_t length) {
  const size_t needed = frame_bytes(length);
  if (needed > kRingBytes) return false;
  RingControl& ring = control();
  for (;;) {
    if (client_gone() || cancelled()) return false;
    uint64_t taken = ring.taken.load(std::memory_order_acquire);
    if (kRingBytes - (written_ - taken) >= needed) return true;
    publish();
    uint32_t seen = ring.room.load(std::memory_order_acquire);
    ring.writer_waits.store(1, std::memory_order_seq_cst);
    handshake_fence();
    taken = ring.taken.load(std::memory_order_acquire);
    bool full = kRingBytes - (written_ - taken) < needed;
    // The time limit is for a cancellation that raced with the check above.
    constexpr timespec kLook{0, 200'000'000};
    if (full && !client_gone() && !cancelled()) futex_wait(ring.room, seen, &kLook);
    ring.writer_waits.store(0, std::memory_order_relaxed);
  }
}

bool WorkerChannel::put(FrameType type, uint16_t flags, std::string_view payload) {
  if (!reserve(payload.size())) return false;
  append_frame(type, flags, payload);
  return true;
}

void WorkerChannel::append_frame(FrameType type, uint16_t flags, std::string_view payload) {
  FrameHeader header{ticket_, static_cast<uint16_t>(type), flags,
                     static_cast<uint32_t>(payload.size()), slot_number_};
  char* at = ring_at(written_);
  std::memcpy(at, &header, sizeof header);
  // An empty payload may be a null pointer, which memcpy() must not get.
  if (!payload.empty()) std::memcpy(at + sizeof header, payload.data(), payload.size());
  open_body_ = type == FrameType::kBody ? written_ : kNoFrame;
  written_ += frame_bytes(payload.size());
}

bool WorkerChannel::interim(const ResponseHeadEncoder& head) {
  if (ended_ || !put(FrameType::kInterim, kFrameFlush, head.bytes())) return false;
  publish();
  return true;
}

bool WorkerChannel::put_timed(FrameType type, std::string_view payload) {
  if (!phases_.on()) return put(type, 0, payload);
  const PhaseTimes& times = phases_.times();
  std::string timed(reinterpret_cast<const char*>(&times), sizeof times);
  return put(type, kFrameTimed, timed.append(payload));
}

bool WorkerChannel::head(const ResponseHeadEncoder& head) {
  return !ended_ && put_timed(FrameType::kHead, head.bytes());
}

bool WorkerChannel::body(std::string_view bytes) {
  if (ended_) return false;
  while (!bytes.empty()) {
    // A piece is at most a quarter of the ring, so that the front can take while we write.
    std::string_view piece = bytes.substr(0, kRingBytes / 4);
    if (open_body_ != kNoFrame) {
      // Extend the frame that the front has not been told of.
      FrameHeader header;
      std::memcpy(&header, ring_at(open_body_), sizeof header);
      if (header.length + piece.size() <= kPublishBytes) {
        size_t grown = frame_bytes(header.length + piece.size());
        if (!reserve(piece.size())) return false;
        if (open_body_ != kNoFrame) {
          std::memcpy(ring_at(open_body_ + sizeof header + header.length), piece.data(),
                      piece.size());
          header.length += static_cast<uint32_t>(piece.size());
          std::memcpy(ring_at(open_body_), &header, sizeof header);
          written_ = open_body_ + grown;
          bytes.remove_prefix(piece.size());
          continue;
        }
      }
    }
    if (!put(FrameType::kBody, 0, piece)) return false;
    bytes.remove_prefix(piece.size());
    if (written_ - published_ >= kPublishBytes) publish();
  }
  return true;
}

bool WorkerChannel::flush() {
  if (ended_ || !put(FrameType::kBody, kFrameFlush, {})) return false;
  publish();
  return true;
}

void WorkerChannel::end() {
  if (ended_) return;
  ended_ = true;
  EndInfo info{request_.claimed_at, base::monotonic_now()};
  // When nobody reads any more there is nothing to end.
  if (put_timed(FrameType::kEnd, {reinterpret_cast<const char*>(&info), sizeof info})) publish();
  // Also when nobody was told of the end.
  control().wanted_deadline.store(kNoDeadline, std::memory_order_relaxed);
}

void WorkerChannel::want_deadline(int64_t deadline) {
  std::atomic<int64_t>& wanted = control().wanted_deadline;
  bool later = deadline > wanted.load(std::memory_order_relaxed);
  if (!ended_ && later) wanted.store(deadline, std::memory_order_relaxed);
}

// The word first: a front that holds the ring back looks at it when the news comes, and then takes
// what there is.
void WorkerChannel::finish() {
  if (ended_) return;
  set_state(SlotState::kFinished);
  end();
}

void WorkerChannel::log(int level, std::string_view text) {
  text = text.substr(0, kMaxTextBytes - 1);
  char payload[kMaxTextBytes];
  payload[0] = static_cast<char>(level);
  std::ranges::copy(text, payload + 1);
  put_log(0, {payload, text.size() + 1});
}

void WorkerChannel::record(std::string_view payload) { put_log(kFrameRecord, payload); }

void WorkerChannel::put_log(uint16_t flags, std::string_view payload) {
  uint64_t taken = control().taken.load(std::memory_order_acquire);
  bool fits = kRingBytes - (written_ - taken) >= frame_bytes(payload.size());
  if (fits) append_frame(FrameType::kLog, flags, payload);
  // At once: it may be the last that this worker says.
  publish();
}

void WorkerChannel::publish() {
  open_body_ = kNoFrame;
  if (published_ == written_) return;
  published_ = ring_written_[loop_] = written_;
  control().written.store(written_, std::memory_order_release);
  notify();
}

void WorkerChannel::notify() {
  regions_.claims().news[loop_].words[worker_ / 64].fetch_or(uint64_t{1} << (worker_ % 64),
                                                             std::memory_order_seq_cst);
  handshake_fence();
  if (regions_.requests().loops[loop_].asleep.load(std::memory_order_acquire) != 0) {
    std::ignore = ::write(regions_.loop_event(loop_), "", 1);
  }
}

}  // namespace howdah::channel

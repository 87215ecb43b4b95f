#include "channel/front_channel.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cassert>
#include <cstring>

#include "base/unix_socket.h"
#include "channel/futex.h"
#include "channel/protocol_error.h"

namespace howdah::channel {
// --- RingReader ----------------------------------------------------------------------------------

namespace {

// Read once: the worker can write there between a check and a use.
FrameHeader read_header(const char* at) {
  std::array<uint64_t, sizeof(FrameHeader) / sizeof(uint64_t)> words;
  for (uint64_t& word : words) {
    word = __atomic_load_n(reinterpret_cast<const uint64_t*>(at), __ATOMIC_RELAXED);
    at += sizeof word;
  }
  return std::bit_cast<FrameHeader>(words);
}

}  // namespace

base::Result<std::optional<Frame>> RingReader::peek() {
  uint64_t written = control_.written.load(std::memory_order_acquire);
  if (written == cursor_) return std::nullopt;
  uint64_t available = written - cursor_;
  if (written < cursor_ || written - taken_ > kRingBytes || available < sizeof(FrameHeader)) {
    return fail_protocol("a worker's ring has an impossible position");
  }
  const char* at = ring_.data() + cursor_ % kRingBytes;
  const FrameHeader header = read_header(at);
  if (frame_bytes(header.length) > available) return fail_protocol("a worker's frame is cut");
  if (header.type < static_cast<uint16_t>(FrameType::kInterim) ||
      header.type > static_cast<uint16_t>(FrameType::kNeedBody)) {
    return fail_protocol("a worker's frame has an unknown type");
  }
  cursor_ += frame_bytes(header.length);
  return Frame{static_cast<FrameType>(header.type),
               header.flags,
               header.ticket,
               header.slot,
               {at + sizeof header, header.length}};
}

void RingReader::take_to(uint64_t position) {
  assert(position >= taken_ && position <= cursor_);
  cursor_ = position;
  if (position == taken_) return;
  taken_ = position;
  control_.taken.store(position, std::memory_order_release);
  handshake_fence();
  if (control_.writer_waits.load(std::memory_order_acquire) == 0) return;
  // Wake at half-empty marks, not at each byte: a wake-up costs more than a copy.
  uint64_t written = control_.written.load(std::memory_order_relaxed);
  if (written - position > kRingBytes / 2) return;
  control_.room.fetch_add(1, std::memory_order_release);
  futex_wake(control_.room);
}

// --- Seat ----------------------------------------------------------------------------------------

base::Result<std::shared_ptr<Seat>> Seat::create(uint32_t worker, uint32_t incarnation,
                                                 uint32_t loops) {
  std::shared_ptr<Seat> seat(new Seat(worker, incarnation));
  auto region = make_region("howdah-responses", response_region_bytes(loops));
  if (!region) return base::fail(region.error());
  if (auto sealed = seal_for_good(region->get()); !sealed) return base::fail(sealed.error());
  auto controls = map_region_prefix(region->get(), kRingControls, Access::kReadWrite);
  if (!controls) return base::fail(controls.error());
  seat->controls_ = std::move(*controls);
  for (uint32_t loop = 0; loop < loops; ++loop) {
    auto ring = RingMapping::map(region->get(), ring_offset(loop), kRingBytes);
    if (!ring) return base::fail(ring.error());
    seat->rings_.emplace_back(static_cast<RingControl*>(seat->controls_.data())[loop],
                              std::move(*ring));
  }
  auto pair = base::make_seqpacket_pair();
  if (!pair) return base::fail(pair.error());
  if (auto set = base::set_nonblocking(pair->first.get()); !set) return base::fail(set.error());
  seat->region_ = std::move(*region);
  seat->body_socket_ = std::move(pair->first);
  seat->worker_body_socket_ = std::move(pair->second);
  return seat;
}

WorkerSays Seat::report() const {
  const auto* report = reinterpret_cast<const WorkerReport*>(
      static_cast<const char*>(controls_.data()) + kReportOffset);
  return {.waited = report->waited.load(std::memory_order_acquire) != 0,
          .script_restarts = report->script_restarts.load(std::memory_order_relaxed),
          .process = report->process.load(std::memory_order_relaxed)};
}

base::Status Seat::send_body(uint32_t ticket, int body) {
  std::span<const char> bytes(reinterpret_cast<const char*>(&ticket), sizeof ticket);
  if (body < 0) return base::send_message(body_socket_.get(), bytes);
  return base::send_message(body_socket_.get(), bytes, std::span(&body, 1));
}

void Seat::wake_writer(uint32_t loop) {
  RingControl& control = static_cast<RingControl*>(controls_.data())[loop];
  control.room.fetch_add(1, std::memory_order_release);
  futex_wake(control.room);
}

// --- FrontChannel --------------------------------------------------------------------------------

base::Result<std::unique_ptr<FrontChannel>> FrontChannel::create(ChannelShape shape) {
  assert(shape.workers <= kMaxWorkers && shape.loops <= kMaxLoops && shape.slots <= kMaxSlots);
  std::unique_ptr<FrontChannel> channel(new FrontChannel(shape));
  channel->order_size_ = std::bit_ceil(4 * shape.slots);

  size_t size = request_region_bytes(channel->order_size_, shape.slots);
  auto requests = make_region("howdah-requests", size);
  if (!requests) return base::fail(requests.error());
  auto mapped = map_region(requests->get(), size, Access::kReadWrite);
  if (!mapped) return base::fail(mapped.error());
  if (auto sealed = seal_future_writes(requests->get()); !sealed) return base::fail(sealed.error());
  if (auto sealed = seal_for_good(requests->get()); !sealed) return base::fail(sealed.error());

  auto claims = make_region("howdah-claims", sizeof(ClaimsRegion));
  if (!claims) return base::fail(claims.error());
  if (auto sealed = seal_for_good(claims->get()); !sealed) return base::fail(sealed.error());
  auto claims_mapped = map_region(claims->get(), sizeof(ClaimsRegion), Access::kReadWrite);
  if (!claims_mapped) return base::fail(claims_mapped.error());

  for (uint32_t loop = 0; loop < shape.loops; ++loop) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return base::fail_errno("pipe2");
    channel->loop_wakes_.emplace_back(ends[0]);
    channel->loop_events_.emplace_back(ends[1]);
  }
  channel->requests_fd_ = std::move(*requests);
  channel->claims_fd_ = std::move(*claims);
  channel->requests_ = std::move(*mapped);
  channel->claims_ = std::move(*claims_mapped);

  RequestRegion& region = channel->requests();
  region.magic = kMagic;
  region.layout_version = kLayoutVersion;
  region.slot_count = shape.slots;
  region.order_size = channel->order_size_;
  region.loop_count = shape.loops;
  region.worker_limit = shape.workers;
  return channel;
}

SlotHeader& FrontChannel::slot_header(uint32_t slot) const {
  assert(slot < shape_.slots);
  return *slot_at(requests_.data(), order_size_, slot);
}

bool FrontChannel::publish(uint32_t slot, uint32_t ticket, uint32_t loop, std::string_view request,
                           std::string_view inline_body, uint64_t body_size) {
  assert(fits(request.size(), inline_body.size()));
  uint64_t tail = requests().order_tail.load(std::memory_order_relaxed);
  repair_order_head();
  if (tail - claims().order_head.load(std::memory_order_acquire) >= order_size_) {
    skip_stale_entries();
    if (tail - claims().order_head.load(std::memory_order_acquire) >= order_size_) return false;
  }
  SlotHeader& header = slot_header(slot);
  header.ticket = ticket;
  header.loop = loop;
  header.request_size = static_cast<uint32_t>(request.size());
  header.inline_body = static_cast<uint32_t>(inline_body.size());
  header.body_size = body_size;
  header.client_gone.store(0, std::memory_order_relaxed);
  header.cancelled.store(0, std::memory_order_relaxed);
  char* payload = slot_payload(&header);
  std::memcpy(payload, request.data(), request.size());
  if (!inline_body.empty()) {
    std::memcpy(payload + request.size(), inline_body.data(), inline_body.size());
  }
  claims().slots[slot].packed.store(Claim::pack({.ticket = ticket, .state = SlotState::kQueued}),
                                    std::memory_order_release);
  order_ring(requests_.data())[tail & (order_size_ - 1)].store(pack_order({ticket, slot}),
                                                               std::memory_order_release);
  requests().order_tail.store(tail + 1, std::memory_order_release);
  return true;
}

// The head is a hint that a worker gone wrong can overwrite. The slots' words are the truth, so it
// can be put anywhere from which every entry that may still count is met again.
void FrontChannel::repair_order_head() {
  uint64_t tail = requests().order_tail.load(std::memory_order_relaxed);
  uint64_t head = claims().order_head.load(std::memory_order_acquire);
  uint64_t oldest = tail > order_size_ ? tail - order_size_ : 0;
  if (head > tail || head < oldest) {
    claims().order_head.store(oldest, std::memory_order_release);
  }
}

void FrontChannel::skip_stale_entries() {
  uint64_t tail = requests().order_tail.load(std::memory_order_relaxed);
  uint64_t head = claims().order_head.load(std::memory_order_acquire);
  // Bounded: others may move the head back meanwhile, on purpose.
  for (uint32_t step = 0; step < order_size_ && head < tail; ++step) {
    OrderEntry entry = unpack_order(
        order_ring(requests_.data())[head & (order_size_ - 1)].load(std::memory_order_relaxed));
    Claim now = claim(entry.slot);
    if (now.ticket == entry.ticket && now.state == SlotState::kQueued) return;
    // On failure `head` becomes the value somebody else advanced it to.
    if (claims().order_head.compare_exchange_strong(head, head + 1, std::memory_order_acq_rel)) {
      ++head;
    }
  }
}

bool FrontChannel::take_back(uint32_t slot, uint32_t ticket) {
  uint64_t word = claims().slots[slot].packed.load(std::memory_order_acquire);
  for (;;) {
    Claim now = Claim::unpack(word);
    bool begun = now.state != SlotState::kQueued && now.state != SlotState::kClaimed;
    if (now.ticket != ticket || begun) return false;
    if (claims().slots[slot].packed.compare_exchange_weak(word, Claim::pack({}),
                                                          std::memory_order_acq_rel)) {
      return true;
    }
  }
}

Claim FrontChannel::claim(uint32_t slot) const {
  return Claim::unpack(claims().slots[slot].packed.load(std::memory_order_acquire));
}

void FrontChannel::reset(uint32_t slot) {
  claims().slots[slot].packed.store(Claim::pack({}), std::memory_order_release);
}

std::string_view FrontChannel::request(uint32_t slot) const {
  const SlotHeader& header = slot_header(slot);
  return {slot_payload(&header), header.request_size};
}

void FrontChannel::set_client_gone(uint32_t slot) {
  slot_header(slot).client_gone.store(1, std::memory_order_seq_cst);
}

void FrontChannel::set_cancelled(uint32_t slot) {
  slot_header(slot).cancelled.store(1, std::memory_order_seq_cst);
}

uint64_t FrontChannel::order_tail() const {
  return static_cast<const RequestRegion*>(requests_.data())
      ->order_tail.load(std::memory_order_acquire);
}

uint64_t FrontChannel::order_head() const {
  return claims().order_head.load(std::memory_order_acquire);
}

uint64_t FrontChannel::unclaimed() const {
  uint64_t head = order_head();
  uint64_t tail = order_tail();
  return head < tail ? tail - head : 0;
}

uint32_t FrontChannel::wake(uint32_t count) {
  handshake_fence();
  uint32_t woken = 0;
  for (uint32_t i = 0; i < (shape_.workers + 63) / 64 && woken < count; ++i) {
    std::atomic<uint64_t>& word = claims().sleepers.words[i];
    uint64_t bits = word.load(std::memory_order_acquire);
    for (; bits != 0 && woken < count; bits &= bits - 1) {
      uint64_t bit = bits & -bits;
      uint32_t worker = i * 64 + static_cast<uint32_t>(__builtin_ctzll(bits));
      if (worker >= shape_.workers) break;
      if ((word.fetch_and(~bit, std::memory_order_acq_rel) & bit) == 0) continue;
      claims().wake[worker].fetch_add(1, std::memory_order_release);
      futex_wake(claims().wake[worker]);
      ++woken;
    }
  }
  return woken;
}

void FrontChannel::retire(uint32_t worker, uint32_t incarnation) {
  requests().retire[worker].store(incarnation, std::memory_order_seq_cst);
  claims().wake[worker].fetch_add(1, std::memory_order_release);
  futex_wake(claims().wake[worker]);
}

bool FrontChannel::retire_if_sleeping(uint32_t worker, uint32_t incarnation) {
  uint64_t bit = uint64_t{1} << (worker % 64);
  // Whoever clears the bit wakes it: no other thread has woken it for a request.
  uint64_t before = claims().sleepers.words[worker / 64].fetch_and(~bit, std::memory_order_acq_rel);
  if ((before & bit) == 0) return false;
  retire(worker, incarnation);
  return true;
}

void FrontChannel::forget(uint32_t worker) {
  // Incarnation numbers come round.
  requests().retire[worker].store(0, std::memory_order_release);
  uint64_t bit = uint64_t{1} << (worker % 64);
  claims().sleepers.words[worker / 64].fetch_and(~bit, std::memory_order_acq_rel);
}

bool FrontChannel::sleeping(uint32_t worker) const {
  uint64_t bits = claims().sleepers.words[worker / 64].load(std::memory_order_acquire);
  return (bits >> (worker % 64) & 1) != 0;
}

void FrontChannel::set_asleep(uint32_t loop, bool asleep) {
  requests().loops[loop].asleep.store(asleep ? 1 : 0, std::memory_order_seq_cst);
  if (asleep) handshake_fence();
}

bool FrontChannel::has_news(uint32_t loop) const {
  for (uint32_t i = 0; i < (shape_.workers + 63) / 64; ++i) {
    if (claims().news[loop].words[i].load(std::memory_order_acquire) != 0) return true;
  }
  return false;
}

}  // namespace howdah::channel

#pragma once

// What lies in the shared memory of one generation of one pool, byte for byte. docs/channel.md is
// this page in prose, with a worked example.
//
//   requests   written by the front alone, mapped read-only by workers (F_SEAL_FUTURE_WRITE):
//              RequestRegion, the order ring, the slots
//   claims     what everybody writes: who took which slot, who sleeps, who has news
//   responses  one region per worker incarnation, shared by that worker and the front: a ring of
//              frames for each event loop, and what the worker tells of itself
//
// Everything the front reads from claims or responses is hostile. Structures hold only lock-free
// atomics and plain integers.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "channel/limits.h"

namespace howdah::channel {

inline constexpr uint32_t kMagic = 0x44574f48;  // "HOWD"
inline constexpr uint32_t kLayoutVersion = 7;

inline constexpr size_t kCacheLine = 64;
static_assert(std::atomic<uint64_t>::is_always_lock_free);

// --- requests ------------------------------------------------------------------------------------

struct alignas(kCacheLine) LoopState {
  // 1 while the event loop blocks or is about to; a worker with news writes its pipe only then.
  std::atomic<uint32_t> asleep;
};

struct RequestRegion {
  uint32_t magic;
  uint32_t layout_version;
  uint32_t slot_count;
  uint32_t order_size;  // a power of two
  uint32_t loop_count;
  uint32_t worker_limit;
  // Entries ever put into the order ring.
  alignas(kCacheLine) std::atomic<uint64_t> order_tail;
  LoopState loops[kMaxLoops];
  // Not 0: this worker, if it has this incarnation, ends when it is idle.
  std::atomic<uint32_t> retire[kMaxWorkers];
};

// An entry of the order ring, packed into one atomic word.
struct OrderEntry {
  uint32_t ticket;
  uint32_t slot;
};
constexpr uint64_t pack_order(OrderEntry entry) {
  return uint64_t{entry.ticket} << 32 | entry.slot;
}
constexpr OrderEntry unpack_order(uint64_t word) {
  return {static_cast<uint32_t>(word >> 32), static_cast<uint32_t>(word)};
}

// The front's part of a slot; the encoded request (request_codec.h) and an inline body follow.
struct alignas(kCacheLine) SlotHeader {
  uint32_t ticket;
  uint32_t loop;          // whose ring the answer goes into
  uint32_t request_size;  // encoded bytes
  uint32_t inline_body;   // bytes of the body that follow the request
  uint64_t body_size;     // larger than inline_body: the worker asks for a descriptor
  // Set by the front while the request runs; the worker looks at each output.
  std::atomic<uint32_t> client_gone;
  std::atomic<uint32_t> cancelled;
};
inline constexpr size_t kSlotPayload = kSlotBytes - sizeof(SlotHeader);

// Where things are: the region's head, then the order ring, then (from a page on) the slots.
constexpr size_t order_offset() { return sizeof(RequestRegion); }
constexpr size_t slots_offset(uint32_t order_size) {
  return (order_offset() + order_size * sizeof(uint64_t) + 4095) & ~size_t{4095};
}
constexpr size_t request_region_bytes(uint32_t order_size, uint32_t slot_count) {
  return slots_offset(order_size) + slot_count * kSlotBytes;
}
inline std::atomic<uint64_t>* order_ring(void* region) {
  return reinterpret_cast<std::atomic<uint64_t>*>(static_cast<char*>(region) + order_offset());
}
inline SlotHeader* slot_at(void* region, uint32_t order_size, uint32_t slot) {
  return reinterpret_cast<SlotHeader*>(static_cast<char*>(region) + slots_offset(order_size) +
                                       slot * kSlotBytes);
}
inline char* slot_payload(const SlotHeader* slot) {
  return reinterpret_cast<char*>(const_cast<SlotHeader*>(slot) + 1);
}

// --- claims --------------------------------------------------------------------------------------

enum class SlotState : uint32_t {
  kFree = 0,      // the front's
  kQueued = 1,    // published; any worker may claim it, the front may take it back
  kClaimed = 2,   // a worker has it and PHP has not seen it: at its death another worker gets it
  kRunning = 3,   // PHP has begun: at the worker's death its client gets 502
  kReleased = 4,  // the worker reads the slot no more
  kFinished = 5,  // the answer's last bytes are in the ring, or will be at once; the script goes on
};

// PHP is at it: before or after the end of its answer.
constexpr bool runs(SlotState state) {
  return state == SlotState::kRunning || state == SlotState::kFinished;
}
// The worker has no more to say to the client.
constexpr bool answered(SlotState state) {
  return state == SlotState::kFinished || state == SlotState::kReleased;
}

// A slot's state word: one compare-and-swap says what happens to the slot and who did it.
struct Claim {
  uint32_t ticket = 0;
  SlotState state = SlotState::kFree;
  uint32_t worker = 0;       // 12 bits
  uint32_t incarnation = 0;  // 16 bits; tells a worker from its replacement with the same number

  static constexpr uint64_t pack(Claim c) {
    return uint64_t{c.ticket} << 32 | uint64_t(c.state) << 28 | uint64_t{c.worker & 0xFFF} << 16 |
           (c.incarnation & 0xFFFF);
  }
  static constexpr Claim unpack(uint64_t word) {
    return {static_cast<uint32_t>(word >> 32), static_cast<SlotState>(word >> 28 & 0xF),
            static_cast<uint32_t>(word >> 16 & 0xFFF), static_cast<uint32_t>(word & 0xFFFF)};
  }
  friend bool operator==(const Claim&, const Claim&) = default;
};

// A line of its own: neighbours are claimed and released by other workers at the same time.
struct alignas(kCacheLine) ClaimWord {
  std::atomic<uint64_t> packed;  // a Claim
};

inline constexpr uint32_t kMaskWords = kMaxWorkers / 64;

struct alignas(kCacheLine) WorkerMask {
  std::atomic<uint64_t> words[kMaskWords];
};

struct ClaimsRegion {
  // Entries of the order ring that are certainly dealt with: a hint that anyone advances.
  alignas(kCacheLine) std::atomic<uint64_t> order_head;
  WorkerMask sleepers;
  // By loop: the workers that have put something into that loop's ring.
  WorkerMask news[kMaxLoops];
  // The futex each worker sleeps on.
  std::atomic<uint32_t> wake[kMaxWorkers];
  ClaimWord slots[kMaxSlots];
};

// --- responses -----------------------------------------------------------------------------------

// The value of wanted_deadline when the answer is complete: its script has no deadline any more.
inline constexpr int64_t kNoDeadline = INT64_MAX;

struct alignas(2 * kCacheLine) RingControl {
  // Bytes ever written; the worker's.
  std::atomic<uint64_t> written;
  // Until when the script that answers into this ring has asked to run (monotonic nanoseconds);
  // 0: it has not asked. The worker's. The front looks when the time it gave is up, so that asking
  // costs the worker one store.
  std::atomic<int64_t> wanted_deadline;
  // Bytes ever taken; the front's (its own copy is the truth, this one is for the worker).
  alignas(kCacheLine) std::atomic<uint64_t> taken;
  // 1 while the worker waits for room; `room` is the futex it waits on.
  std::atomic<uint32_t> writer_waits;
  std::atomic<uint32_t> room;
};

// What a worker tells of itself besides its answers; the worker's. The front looks from time to
// time: nobody is woken.
struct WorkerReport {
  // 1 from the first time on that the worker waited for a request; with each new beginning of its
  // script 0 again, until then.
  std::atomic<uint32_t> waited;
  // How often its script has ended and begun again (worker mode).
  std::atomic<uint32_t> script_restarts;
  // The process that has its seat now, where that is another one for each request (snapshot mode);
  // 0 elsewhere, before the first and between two of them.
  std::atomic<uint32_t> process;
};

inline constexpr size_t kPage = 4096;
inline constexpr size_t kReportOffset = kPage;
inline constexpr size_t kRingControls = 2 * kPage;
static_assert(sizeof(RingControl) * kMaxLoops <= kReportOffset);
static_assert(kReportOffset + sizeof(WorkerReport) <= kRingControls);
constexpr size_t ring_offset(uint32_t loop) { return kRingControls + loop * kRingBytes; }
constexpr size_t response_region_bytes(uint32_t loops) { return ring_offset(loops); }

}  // namespace howdah::channel

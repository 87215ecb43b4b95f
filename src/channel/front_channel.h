#pragma once

// The front's side of the channel of one generation: slots, the order ring, wake-ups, and the rings
// that workers answer into.
//
// This is mechanism without policy: the pool decides what goes where. Nothing here trusts what
// workers can write; a broken rule comes back as a protocol error and the pool replaces the worker.

#include <memory>
#include <optional>
#include <vector>

#include "base/fd.h"
#include "channel/frame.h"
#include "channel/layout.h"
#include "channel/shared_memory.h"

namespace howdah::channel {

struct ChannelShape {
  uint32_t workers = 1;
  uint32_t loops = 1;
  uint32_t slots = 1 + kReadySlots;
};

// A frame in the ring. The payload is shared with the worker, who may change it at any time: copy
// before checking (ResponseHead::decode does), or only pass on.
struct Frame {
  FrameType type;
  uint16_t flags;
  uint32_t ticket;
  uint32_t slot;
  std::string_view payload;
};

// Reads one worker's ring of one loop. That loop's thread alone.
class RingReader {
 public:
  RingReader(RingControl& control, RingMapping ring) : control_(control), ring_(std::move(ring)) {}

  // The frame after those already peeked; nothing when the worker has published no more. An error
  // means that the ring cannot be used any more.
  base::Result<std::optional<Frame>> peek();
  // Bytes of the front of the ring up to what has been peeked.
  uint64_t peeked() const { return cursor_; }
  uint64_t taken() const { return taken_; }
  // Gives everything before `position` back to the worker and peeks from there next. `position` is
  // a value of peeked().
  void take_to(uint64_t position);
  // The next peek() starts again at what has not been taken.
  void rewind() { cursor_ = taken_; }

 private:
  RingControl& control_;
  RingMapping ring_;
  uint64_t taken_ = 0;
  uint64_t cursor_ = 0;
};

// A copy of what a worker says in its WorkerReport. Any values are possible.
struct WorkerSays {
  bool waited = false;
  uint32_t script_restarts = 0;
  uint32_t process = 0;
};

// The front's half of one worker incarnation.
class Seat {
 public:
  static base::Result<std::shared_ptr<Seat>> create(uint32_t worker, uint32_t incarnation,
                                                    uint32_t loops);
  uint32_t worker() const { return worker_; }
  uint32_t incarnation() const { return incarnation_; }
  RingReader& ring(uint32_t loop) { return rings_[loop]; }
  // Until when the worker says that the script which answers into this ring may run
  // (RingControl::wanted_deadline). Any value is possible. From any thread.
  int64_t wanted_deadline(uint32_t loop) const {
    return static_cast<const RingControl*>(controls_.data())[loop].wanted_deadline.load(
        std::memory_order_relaxed);
  }
  // From any thread.
  WorkerSays report() const;
  // Answers kNeedBody: passes `body` (-1: there is none any more) for `ticket`. Never blocks.
  base::Status send_body(uint32_t ticket, int body);
  // For kSpawn: the region and the worker's end of the body socket. Close them after sending.
  base::UniqueFd& region_fd() { return region_; }
  base::UniqueFd& worker_body_socket() { return worker_body_socket_; }
  // After a change that a worker blocked in its ring must see.
  void wake_writer(uint32_t loop);

 private:
  Seat(uint32_t worker, uint32_t incarnation) : worker_(worker), incarnation_(incarnation) {}

  const uint32_t worker_;
  const uint32_t incarnation_;
  base::UniqueFd region_;
  base::UniqueFd body_socket_;
  base::UniqueFd worker_body_socket_;
  Mapping controls_;
  std::vector<RingReader> rings_;
};

// Slots and the order ring may be used by one thread at a time (the pool's lock); claims, wake-ups
// and news by any.
class FrontChannel {
 public:
  static base::Result<std::unique_ptr<FrontChannel>> create(ChannelShape shape);

  const ChannelShape& shape() const { return shape_; }
  int requests_fd() const { return requests_fd_.get(); }
  int claims_fd() const { return claims_fd_.get(); }
  // Where workers write to wake the loop, and where it hears of that. They have the write end of a
  // pipe alone: of an eventfd one could take what another has written, or make the front's read
  // block, since O_NONBLOCK belongs to what all of them share.
  int loop_event(uint32_t loop) const { return loop_events_[loop].get(); }
  int loop_wake(uint32_t loop) const { return loop_wakes_[loop].get(); }

  // --- requests
  // Whether a request and inline body of these sizes fit into a slot.
  static bool fits(size_t request, size_t body) { return request + body <= kSlotPayload; }
  // Fills a free slot and publishes it at the end of the order. False when the order ring is full
  // (many withdrawn entries before a stalled head): try again later.
  bool publish(uint32_t slot, uint32_t ticket, uint32_t loop, std::string_view request,
               std::string_view inline_body, uint64_t body_size);
  // Takes a request back, by compare-and-swap; false when a worker has begun with it. One that has
  // claimed it finds out in begin().
  bool take_back(uint32_t slot, uint32_t ticket);
  Claim claim(uint32_t slot) const;
  // Makes the slot free whatever its word says: its worker is dead or has released it.
  void reset(uint32_t slot);
  // The encoded request in a slot that is in use.
  std::string_view request(uint32_t slot) const;
  void set_client_gone(uint32_t slot);
  void set_cancelled(uint32_t slot);
  // Puts a damaged head of the order right; also done by publish().
  void repair_order_head();
  // Entries ever put into the order, and those that workers say are dealt with.
  uint64_t order_tail() const;
  uint64_t order_head() const;
  // Published requests that nobody has claimed, as far as the head hint tells.
  uint64_t unclaimed() const;

  // --- workers
  // Wakes up to `count` sleeping workers, the lowest numbers first. Returns how many.
  uint32_t wake(uint32_t count);
  // Tells a worker to end when it is idle.
  void retire(uint32_t worker, uint32_t incarnation);
  // The same, but only if it sleeps now. A request that is published in this very moment waits for
  // the next worker.
  bool retire_if_sleeping(uint32_t worker, uint32_t incarnation);
  // A dead worker does not sleep, and its successor is not told to end.
  void forget(uint32_t worker);
  bool sleeping(uint32_t worker) const;

  // --- news
  void set_asleep(uint32_t loop, bool asleep);
  bool has_news(uint32_t loop) const;
  // Calls `visit(worker)` for each worker that has published since the last call.
  template <class Visit>
  bool take_news(uint32_t loop, Visit visit) {
    bool any = false;
    uint32_t words = (shape_.workers + 63) / 64;
    for (uint32_t i = 0; i < words; ++i) {
      std::atomic<uint64_t>& word = claims().news[loop].words[i];
      if (word.load(std::memory_order_relaxed) == 0) continue;
      uint64_t bits = word.exchange(0, std::memory_order_acq_rel);
      for (; bits != 0; bits &= bits - 1) {
        uint32_t worker = i * 64 + static_cast<uint32_t>(__builtin_ctzll(bits));
        if (worker >= shape_.workers) break;
        any = true;
        visit(worker);
      }
    }
    return any;
  }

 private:
  explicit FrontChannel(ChannelShape shape) : shape_(shape) {}
  RequestRegion& requests() { return *static_cast<RequestRegion*>(requests_.data()); }
  ClaimsRegion& claims() const { return *static_cast<ClaimsRegion*>(claims_.data()); }
  SlotHeader& slot_header(uint32_t slot) const;
  void skip_stale_entries();

  const ChannelShape shape_;
  uint32_t order_size_ = 0;
  base::UniqueFd requests_fd_;
  base::UniqueFd claims_fd_;
  std::vector<base::UniqueFd> loop_events_;
  std::vector<base::UniqueFd> loop_wakes_;
  Mapping requests_;
  Mapping claims_;
};

}  // namespace howdah::channel

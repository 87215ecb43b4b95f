#pragma once

// The worker's side of the channel: takes requests, writes answers.
//
// One object per worker, used by that worker's thread alone. Between next_request() and release()
// one request is held; its memory is the slot's, read in place. No call allocates after attach().
// The process may be killed between any two instructions: the front reads from the claim word what
// had begun (docs/channel.md).

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "channel/frame.h"
#include "channel/layout.h"
#include "channel/phases.h"
#include "channel/request_codec.h"
#include "channel/shared_memory.h"

namespace howdah::channel {

// The regions all workers of a host share, mapped once in the host and inherited by fork.
class SharedRegions {
 public:
  // Maps the regions and checks magic, version and sizes. `loop_events` are the write ends of
  // the loops' pipes.
  static base::Result<std::unique_ptr<SharedRegions>> attach(
      base::UniqueFd requests, base::UniqueFd claims, std::vector<base::UniqueFd> loop_events);
  const RequestRegion& requests() const { return *static_cast<RequestRegion*>(requests_.data()); }
  ClaimsRegion& claims() const { return *static_cast<ClaimsRegion*>(claims_.data()); }
  const std::atomic<uint64_t>& order_entry(uint64_t index) const;
  const SlotHeader& slot(uint32_t slot) const;
  int loop_event(uint32_t loop) const { return loop_events_[loop].get(); }

 private:
  SharedRegions() = default;
  Mapping requests_;
  Mapping claims_;
  std::vector<base::UniqueFd> loop_events_;
};

// A claimed request.
struct Request {
  RequestView vars;
  std::string_view inline_body;  // all of the body unless body_size is larger
  uint64_t body_size = 0;
  int64_t claimed_at = 0;  // monotonic nanoseconds
};

// A line apart from everything else: in thread mode its neighbour is another thread's.
class alignas(kCacheLine) WorkerChannel {
 public:
  // `responses` is the region of this incarnation, `body_socket` the worker's end of the pair over
  // which descriptors of large bodies come. `regions` outlives the object.
  static base::Result<std::unique_ptr<WorkerChannel>> attach(SharedRegions& regions,
                                                             uint32_t worker, uint32_t incarnation,
                                                             base::UniqueFd responses,
                                                             base::UniqueFd body_socket);

  // Blocks until a request is claimed; nullptr when this worker is to end. The first call, and the
  // first after report_restart(), tells the front that the worker waits. The request is valid until
  // release(). Until begin() the front hands it to another worker if this one dies.
  const Request* next_request();
  // PHP is about to see the request. False when the front has taken it back (it holds this worker
  // for dead): the request is gone, and nothing is to be done for it.
  bool begin();

  // --- the answer; each returns false when nobody will read it any more (the client is gone or the
  // request is cancelled), and then wrote nothing. They block while the ring is full.
  bool interim(const ResponseHeadEncoder& head);
  bool head(const ResponseHeadEncoder& head);
  bool body(std::string_view bytes);
  // Everything written so far goes out now, to be delivered without waiting for more.
  bool flush();
  // The answer is complete; nothing may be written after it. The request is still held, without a
  // limit of time from now on.
  void end();
  // end(), and the script goes on: the front no longer holds this worker back for a slow client,
  // and REQUEST_TIMEOUT is over.
  void finish();
  // A line for the log, attributed to this request; also between requests, then it is nobody's. Cut
  // at kMaxTextBytes. `level` is a base::LogLevel. Never blocks for long: dropped when the ring is
  // full.
  void log(int level, std::string_view text);
  // The same for a structured line: `payload` is what encode_record() made.
  void record(std::string_view payload);
  // The slot is not read any more; the worker is idle after it. Ends the answer if end() was not
  // called.
  void release();

  // The held request asks to run until `deadline` (monotonic nanoseconds), unless it has asked for
  // more. What the front makes of it is the front's matter. Nothing after end().
  void want_deadline(int64_t deadline);

  // Of the held request; on when it is profiled. Sent along with the head and the end.
  PhaseClock& phases() { return phases_; }

  // The descriptor of a body that is larger than the inline part: the whole body, at offset 0, read
  // only. Asks the front and waits for it.
  base::Result<base::UniqueFd> body_descriptor();

  // Told to the front, which looks from time to time: the script begins again.
  void report_restart();
  // Likewise: this process has the worker's seat from now on.
  void report_process(uint32_t pid) { report().process.store(pid, std::memory_order_relaxed); }
  // Whether next_request() would return nullptr.
  bool must_stop() const;

  bool client_gone() const { return slot_->client_gone.load(std::memory_order_relaxed) != 0; }
  bool cancelled() const { return slot_->cancelled.load(std::memory_order_relaxed) != 0; }
  bool holds_request() const { return slot_ != nullptr; }
  bool ended() const { return ended_; }
  // Asks next_request() to return nullptr the next time it is called or waits; from a signal
  // handler or another thread of this process (thread mode's shutdown).
  void request_stop();

  uint32_t worker() const { return worker_; }
  // Of the held request, else 0.
  uint32_t ticket() const { return ticket_; }

 private:
  WorkerChannel(SharedRegions& regions, uint32_t worker, uint32_t incarnation)
      : regions_(regions), worker_(worker), incarnation_(incarnation) {}

  bool try_claim();
  WorkerReport& report() const;
  void sleep_until_woken();
  // Room for a frame with `length` bytes; false when the answer is given up.
  bool reserve(size_t length);
  bool put(FrameType type, uint16_t flags, std::string_view payload);
  // With the phases before it, when they are on.
  bool put_timed(FrameType type, std::string_view payload);
  // Dropped when there is no room for it.
  void put_log(uint16_t flags, std::string_view payload);
  void set_state(SlotState state);
  void append_frame(FrameType type, uint16_t flags, std::string_view payload);
  void publish();
  void notify();
  RingControl& control() const;
  char* ring_at(uint64_t position) const;

  // Constant.
  SharedRegions& regions_;
  const uint32_t worker_;
  const uint32_t incarnation_;
  Mapping responses_;
  std::vector<RingMapping> rings_;
  base::UniqueFd body_socket_;

  // The held request.
  Request request_;
  const SlotHeader* slot_ = nullptr;
  uint32_t slot_number_ = 0;
  uint32_t ticket_ = 0;
  uint32_t loop_ = 0;
  bool ended_ = true;
  PhaseClock phases_;

  // The ring of loop_. Bytes in [published_, written_) are not yet told to the front.
  std::array<uint64_t, kMaxLoops> ring_written_{};  // by loop
  uint64_t written_ = 0;
  uint64_t published_ = 0;
  uint64_t open_body_ = kNoFrame;  // position of an unpublished kBody frame that can be extended
  bool waited_ = false;
  std::atomic<bool> stop_{false};
  static constexpr uint64_t kNoFrame = ~uint64_t{0};
};

}  // namespace howdah::channel

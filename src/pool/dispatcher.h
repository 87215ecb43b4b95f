#pragma once

// One event loop's access to a pool: gives jobs to workers, takes their answers out of the rings.

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <vector>

#include "net/event_loop.h"
#include "pool/generation.h"
#include "pool/job.h"
#include "pool/limits.h"

namespace howdah::pool {

class Pool;

// Belongs to its loop and is used by that loop's thread alone. Made by Pool, which outlives it.
class Dispatcher final : public net::PassHook, public JobQueue {
 public:
  Dispatcher(Pool& pool, net::EventLoop& loop);
  ~Dispatcher() override;

  // --- JobQueue
  Submit submit(Job& job) override;
  bool withdraw(Job& job) override;
  void abandon(Job& job) override;
  void cancel(Job& job) override;
  void resume(Job& job) override;
  base::Nanos wanted_deadline(const Job& job, base::Nanos now) override;

  // --- net::PassHook
  bool poll() override;
  void end_pass() override;
  bool prepare_sleep() override;
  void wake_up() override;

  // --- for Pool, on this loop's thread
  void adopt(std::shared_ptr<Generation> generation);
  // A worker is dead: takes what it still said, then settles the jobs it held on this loop.
  void bury_worker(const std::shared_ptr<Generation>& generation,
                   const std::shared_ptr<channel::Seat>& seat);
  // The word of a slot says that the worker is done with it, but its job is not over: takes what
  // may still lie in the ring. When the answer's end is not there, the worker has lied.
  void settle_released(uint32_t generation, uint32_t slot, uint32_t ticket);
  // The host is dead and with it every worker.
  void bury_generation(const std::shared_ptr<Generation>& generation);

 private:
  // What this loop knows about one worker's ring.
  struct Ring {
    std::shared_ptr<channel::Seat> seat;
    uint32_t version = 0;
    bool last_call = false;  // the worker is dead: consumers must take everything
    bool broken = false;     // it cannot be read any more, and its worker is being killed
    Job* job = nullptr;      // not null: its consumer wants no more now, the worker is held back
    uint32_t held_slot = 0;  // where that job's request lies
    uint32_t held_ticket = 0;
    uint32_t answered_ticket = 0;  // the last one that its worker said was answered
    uint64_t answered_by = 0;      // the ring position at which its frames are over
    uint64_t skip = 0;             // bytes already taken of the body frame at position skip_at
    uint64_t skip_at = ~uint64_t{0};
  };
  // A generation as this loop sees it.
  struct View {
    std::shared_ptr<Generation> generation;
    std::vector<Ring> rings;
    std::unique_ptr<boost::asio::posix::stream_descriptor> event;  // the generation's descriptor

    ~View() {
      if (event) event->release();
    }
  };
  // What collect() found at the front of a ring: frames of one request.
  struct Batch {
    AnswerPart part;
    channel::PhaseTimes phases;  // what part.phases points to
    std::string_view pieces[kMaxPieces];
    uint64_t piece_starts[kMaxPieces];  // ring position of each piece's frame
    size_t piece_count = 0;
    uint64_t end = 0;  // ring position after everything in it
    uint32_t slot = 0;
    uint32_t ticket = 0;  // 0: the ring is empty
  };
  // A ring to look at in the next pass though its worker has no news.
  struct Pending {
    uint32_t generation;
    uint32_t worker;
  };

  View* view_of(uint32_t generation) const;
  Ring& ring_of(View& view, uint32_t worker);
  void wait_for_event(View& view);

  void drain(View& view, Ring& ring);
  // Collects until the batch is whole, the ring empty or `limit` (a ring position) reached.
  base::Status collect(View& view, Ring& ring, uint64_t limit, Batch& batch);
  // Whether the worker has said all that it says to this request's client.
  bool answered(View& view, uint32_t slot, uint32_t ticket);
  // Whether the batch can take more after this frame; a frame that starts the next batch is left
  // out of it (batch.end stays).
  base::Result<bool> add_frame(Ring& ring, const channel::Frame& frame, uint64_t start,
                               Batch& batch);
  base::Status deliver(View& view, Ring& ring, Batch& batch);
  // Whether a worker that says that it has answered this request has kept to what it had left.
  static bool keeps_its_word(Ring& ring, uint32_t ticket, uint64_t taken);
  void hold_back(Ring& ring, const Batch& batch, size_t taken, Job* job);
  // A frame that is no part of an answer.
  void take_aside(View& view, channel::Seat& seat, const channel::Frame& frame);
  void send_body(View& view, channel::Seat& seat, const channel::Frame& frame);

  // withdraw(), under the lock.
  bool take_back(Job& job);
  enum class Removal { kAbandon, kCancel };
  void remove(Job& job, Removal removal);
  // Takes what a dead worker still said.
  void last_call(View& view, const std::shared_ptr<channel::Seat>& seat);
  // Frees a slot whose worker is dead: a job that had not begun waits again, one that had is
  // returned, lost. Under the lock.
  Job* settle(Generation& generation, uint32_t slot);

  Pool& pool_;
  net::EventLoop& loop_;
  std::vector<std::unique_ptr<View>> views_;
  channel::ResponseHead head_;  // the one being delivered
  std::vector<Pending> pending_;
  uint32_t placed_in_pass_ = 0;  // jobs for which workers are woken at the end of the pass
};

}  // namespace howdah::pool

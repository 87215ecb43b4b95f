#pragma once

// One host with its channel, and the front's books about it: what lies in which slot, who its
// workers are. Bookkeeping only; the pool decides. Everything is under the pool's lock but for
// channel(), whose own header says what is safe, and seats, which are immutable once published.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "channel/front_channel.h"
#include "pool/job_list.h"
#include "pool/open_request.h"

namespace howdah::pool {

enum class WorkerState {
  kAbsent,    // not wanted: the pool is smaller now
  kDead,      // waits to be replaced
  kStarting,  // asked for
  kBooting,   // worker mode: it is there, its script has not asked for a request yet
  kAlive,
};

// A worker has taken the slot and is not done with it.
constexpr bool is_held(channel::SlotState state) {
  return state == channel::SlotState::kClaimed || channel::runs(state);
}

// Why the front had it killed.
enum class Killed {
  kNotByUs,
  kTimeUp,      // its cancelled request did not end
  kBootTime,    // worker mode: its script did not come to its first request
  kPauseTime,   // worker mode: its script did not come to its next request
  kBrokeRules,  // of the channel
};

// Why the front has told it to end.
enum class Leaving {
  kNo,
  kMaxMemory,
  kIdle,
  kNeighbour,  // a thread of its process is to be killed
};

struct Worker {
  WorkerState state = WorkerState::kAbsent;
  uint32_t incarnation = 0;
  std::shared_ptr<channel::Seat> seat;
  int pid = 0;
  base::Nanos spawned_at = 0;
  uint64_t requests = 0;         // finished, of this incarnation
  uint32_t deaths_at_birth = 0;  // in a row
  uint32_t boot_failures = 0;    // in a row
  // Worker mode: since when its script boots, as far as the front has seen; 0 = it does not.
  base::Nanos boots_since = 0;
  channel::WorkerSays told;  // as last looked at
  // Worker mode: since when its script has had no request and has not waited for one, as far as
  // the front has seen; 0 = that is not so.
  base::Nanos pauses_since = 0;
  uint64_t requests_before_pause = 0;
  Killed killed = Killed::kNotByUs;
  Leaving leaving = Leaving::kNo;
  uint64_t requests_seen = 0;  // growth.cc: when it was last looked at
  base::Nanos idle_since = 0;  // growth.cc
};

class Generation {
 public:
  static base::Result<std::shared_ptr<Generation>> create(uint32_t number, uint32_t workers,
                                                          uint32_t loops);

  uint32_t number() const { return number_; }
  channel::FrontChannel& channel() { return *channel_; }
  std::vector<Worker>& workers() { return workers_; }
  // The most that it can have; those of state kAbsent count.
  uint32_t worker_count() const { return static_cast<uint32_t>(workers_.size()); }
  // Those that are not.
  uint32_t present_workers() const { return present_workers_; }
  void set_state(uint32_t worker, WorkerState state);

  // The seat as of now, for a dispatcher's own copy; changes whenever seat_version() does.
  std::atomic<uint32_t>& seat_version(uint32_t worker) { return seat_versions_[worker]; }

  // --- slots
  // Puts a job into a free slot and publishes it. False when there is no slot.
  bool place(Job& job);
  // For a frame from `seat`: the job in `slot`, provided the slot still belongs to `ticket` and to
  // `loop`, its claim word names this worker, and no other one has sent frames for it; nullptr when
  // nobody wants the answer. From then on the job has begun, whatever its word says later.
  struct Lookup {
    bool found = false;
    Job* job = nullptr;
  };
  Lookup find(uint32_t slot, uint32_t ticket, uint32_t loop, const channel::Seat& seat);
  // Its answer is complete or nobody wants it: the slot is free when the worker has let go of it.
  void let_go(uint32_t slot);
  // Compares the claim words, which every worker can write, with what the front knows. What is
  // wrong with them, or nullptr. An honest worker's words are right at every instant.
  const char* audit();
  // A slot whose job is not over though the word says that its worker is done with it. That is so
  // for moments, or for ever when the worker lies.
  struct Released {
    uint32_t slot, ticket, loop;
  };
  std::vector<Released> released_jobs() const;
  // Until when the script in a slot has asked to run (channel::RingControl); 0 when it does not
  // run, or has not asked.
  base::Nanos wanted_deadline(uint32_t slot) const;
  // Frees what workers have released.
  void reclaim();
  // Takes back what lies in a slot that is in use, unless PHP has begun with it: true when no
  // worker will run it any more.
  bool take_back(uint32_t slot);
  // Frees a slot at once: taken back, or its worker is dead.
  void free_now(uint32_t slot);
  uint32_t ticket(uint32_t slot) const { return records_[slot].ticket; }
  Job* job(uint32_t slot) const { return records_[slot].job; }
  uint32_t loop_of(uint32_t slot) const { return records_[slot].loop; }
  // Whether the word of a slot in use says that this worker has taken it.
  bool is_held_by(uint32_t slot, uint32_t worker, uint32_t incarnation) const;
  // Known also when nobody waits for the job any more: its client has left, its answer is complete.
  base::Nanos submitted_at(uint32_t slot) const { return records_[slot].submitted_at; }
  // The slot that this worker runs, or else has taken; kNoSlot when there is none.
  static constexpr uint32_t kNoSlot = ~uint32_t{0};
  uint32_t slot_held_by(uint32_t worker, uint32_t incarnation) const;
  // By number: the workers that have taken a slot and are not done with it.
  std::vector<bool> holders() const;
  bool in_use(uint32_t slot) const { return records_[slot].ticket != 0; }
  uint32_t slot_count() const { return static_cast<uint32_t>(records_.size()); }
  // Requests that PHP has run for `limit` by now, each of them once. Their time begins when this
  // function finds them running.
  struct Slow {
    uint32_t slot;
    channel::Claim claim;
    base::Nanos running_for;
  };
  std::vector<Slow> newly_slow(base::Nanos now, base::Nanos limit);
  // Jobs that no worker has taken and that were submitted before `when`.
  uint32_t unclaimed_since(base::Nanos when) const;
  // The slots in use, the one that was filled first at the front.
  std::vector<uint32_t> slots_by_age() const;
  // Slots whose request is not over for the worker.
  uint32_t used_slots() const { return static_cast<uint32_t>(records_.size() - free_.size()); }

  // "GET /path" and the request id of what lies in a slot that is in use.
  struct Label {
    std::string request;
    std::string request_id, trace_id, span_id;
    bool background = false;  // it is answered, its script goes on
  };
  Label label(uint32_t slot) const;
  // Of an encoded request.
  static Label label_of(std::string_view request);
  static OpenRequest open_request_of(Label label);
  // What lies in a slot that is in use, and who runs it.
  OpenRequest open_request(uint32_t slot, base::Nanos now) const;

 private:
  struct Record {
    uint32_t ticket = 0;  // 0 = free
    base::Nanos submitted_at = 0;
    uint32_t loop = 0;
    Job* job = nullptr;
    bool letting_go = false;
    uint64_t order = 0;  // its place in the channel's order
    // newly_slow(): when it was first seen running, and whether it was named.
    base::Nanos running_since = 0;
    bool slow = false;
    // Who has sent frames for it; incarnation 0 = nobody yet.
    uint32_t answering_worker = 0;
    uint32_t answering_incarnation = 0;
    bool begun() const { return answering_incarnation != 0; }
  };
  Generation(uint32_t number, std::unique_ptr<channel::FrontChannel> channel);
  const char* audit_slot(uint32_t slot);

  const uint32_t number_;
  std::unique_ptr<channel::FrontChannel> channel_;
  std::vector<Worker> workers_;
  uint32_t present_workers_ = 0;
  std::unique_ptr<std::atomic<uint32_t>[]> seat_versions_;
  std::vector<Record> records_;
  std::vector<uint32_t> free_;        // last in, first out: warm memory
  std::vector<uint32_t> letting_go_;  // slots to look at in reclaim()
  uint32_t next_ticket_ = 1;
  std::vector<uint32_t> seen_busy_;  // audit()'s: by worker, the slot that it was found to hold
};

}  // namespace howdah::pool

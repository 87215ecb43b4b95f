#pragma once

// What the pool and the exchanges of clients say to each other.
//
// An exchange gives the pool a Job: an encoded request and where the answer goes. Everything about
// a job happens on the event loop of the exchange, through that loop's Dispatcher.

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "channel/frame.h"
#include "channel/phases.h"

namespace howdah::pool {

// What a worker has said so far, as it lies in its ring. All views end with the call.
struct AnswerPart {
  // Interim heads come alone. The final head comes once, in the first part that has one.
  const channel::ResponseHead* head = nullptr;
  bool interim = false;
  std::span<const std::string_view> body;
  size_t body_size = 0;  // of all pieces
  // The script flushed: what was given so far must go out now.
  bool flush = false;
  // The answer is complete with this part, provided that all of the body is taken.
  bool end = false;
  // Not null with a head or the end of a profiled request. Not believed.
  const channel::PhaseTimes* phases = nullptr;
  channel::EndInfo end_info;
  // The worker is gone and this is all that will come: what is not taken now is lost. Take all of
  // it, past any mark; it is at most a ring.
  bool must_take = false;
  uint32_t worker = 0;
};

enum class Loss {
  kWorkerDied,   // after PHP had begun with the request
  kUnavailable,  // no worker can be had, or the queue's time limit passed
};

// The receiver of one job's answer. Called on the job's loop, never after the end of the answer,
// on_lost(), withdraw(), abandon() or cancel(), and never from inside one of submit(), withdraw(),
// abandon() or cancel().
class AnswerConsumer {
 public:
  virtual ~AnswerConsumer() = default;
  // Returns how many bytes of the body it took. Less than all: the worker is held back, and the
  // rest is given again after Dispatcher::resume(). When `end` is set and everything was taken, the
  // job is over and may be destroyed inside the call.
  virtual size_t on_answer(const AnswerPart& part) = 0;
  // The job is over without a complete answer. May destroy the job.
  virtual void on_lost(Loss loss) = 0;
};

// One request on its way through the pool. A member of its exchange; neither copied nor moved.
struct Job {
  // Set by the owner before submit(); the memory stays until the job is over.
  std::string_view request;  // channel::RequestEncoder
  std::string_view body;     // the body when body_fd is -1, at most kInlineBodyBytes
  uint64_t body_size = 0;    // of the whole body
  int body_fd = -1;          // a file with the whole body, or -1
  AnswerConsumer* consumer = nullptr;
  base::Nanos submitted_at = 0;
  // When the script's time is up, and how much of it a script can ask for at once; 0: no limit. The
  // owner's timer; the pool goes by it when the job was abandoned. The owner may change it.
  base::Nanos deadline = 0;
  base::Nanos time_limit = 0;

  // The owner's word that the answer is meant to take long (a stream of events): SLOW_REQUEST is
  // not for it. Read by another thread.
  std::atomic<bool> long_lived = false;

  // The pool's, under its lock.
  enum class State : uint8_t {
    kIdle,     // not in the pool
    kWaiting,  // in the front's own queue
    kPlaced,   // in a slot; the slot's claim word says how far it is
  };
  State state = State::kIdle;
  uint32_t loop = 0;
  uint32_t generation = 0;
  uint32_t slot = 0;
  Job* previous = nullptr;
  Job* next = nullptr;

  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
};

enum class Submit {
  kAccepted,
  kQueueFull,    // answer 503
  kUnavailable,  // the pool is ending and takes no more: answer 503
};

// Where jobs go: a Dispatcher, or a test's stand-in for one. Used by one loop's thread.
class JobQueue {
 public:
  virtual ~JobQueue() = default;
  // Takes a job. Workers are woken at the end of the pass.
  virtual Submit submit(Job& job) = 0;
  // Takes a job back that has not begun, in one step: true when it is over and will not be run.
  // False: PHP has begun with it, and it goes on as if nothing had been asked.
  virtual bool withdraw(Job& job) = 0;
  // Nobody wants the answer any more (the client left, the stream was reset): withdraw(), and the
  // script of a job that has begun sees an aborted connection at its next output. At the job's
  // deadline it is treated like one that was cancelled. The job is over.
  virtual void abandon(Job& job) = 0;
  // The request's time is up: like abandon(), and the script is interrupted; a worker that does not
  // come back within kCancelGrace is killed and replaced. The job is over.
  virtual void cancel(Job& job) = 0;
  // Until when the job's script has asked to run, at most the job's time_limit from `now`; 0: it
  // has not asked, or has not begun.
  virtual base::Nanos wanted_deadline(const Job& job, base::Nanos now) = 0;
  // The consumer has room again after it took less than it was given. Its on_answer() is called in
  // the loop's next pass.
  virtual void resume(Job& job) = 0;
};

}  // namespace howdah::pool

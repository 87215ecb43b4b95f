#pragma once

// One thread's event loop.
//
// Boost.Asio carries what happens now and then: accepting, signals, the control sockets, functions
// posted from other threads. What happens for every request does not pay for Asio's queues: client
// sockets sit in an edge-triggered epoll set of our own (ReadySet) that Asio waits on as one
// descriptor, timeouts sit in a TimerWheel, and workers' answers are found by looking into shared
// memory (PassHook). While there is work the loop goes round without blocking and makes one
// epoll_wait per pass.

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "net/ready_set.h"
#include "net/timer_wheel.h"

namespace howdah::net {

// Something that a loop looks after in each pass. Called on the loop's thread.
class PassHook {
 public:
  virtual ~PassHook() = default;
  // Does what there is to do without blocking; true when there was something.
  virtual bool poll() = 0;
  // The pass is over: wake others once for all that the pass made for them.
  virtual void end_pass() = 0;
  // The loop is about to block: from now on others must use their eventfd to be noticed. Returns
  // false when work arrived meanwhile, then the loop does not block. wake_up() follows in any case.
  virtual bool prepare_sleep() = 0;
  virtual void wake_up() = 0;
};

// Owned by the thread that calls run(); everything but post() and stop() is for that thread alone
// (or for before run()). Objects that hang on the loop end before it.
class EventLoop {
 public:
  using Clock = base::Nanos (*)();
  // `clock` is another than the real one in tests.
  explicit EventLoop(uint32_t index, Clock clock = base::monotonic_now);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  uint32_t index() const { return index_; }
  boost::asio::io_context& io() { return io_; }
  ReadySet& ready_set() { return ready_set_; }
  TimerWheel& timers() { return timers_; }
  // The time at the start of this pass: a clock read a pass, not one a request.
  base::Nanos now() const { return now_; }

  // `hook` must outlive its place here.
  void add_hook(PassHook& hook);
  void remove_hook(PassHook& hook);

  // Runs until stop(). Returns after the current pass.
  void run();
  // One pass without blocking: for tests, and for what runs a loop inside another. True when there
  // was something to do.
  bool run_pass();
  // From any thread.
  void stop();
  // Runs `task` on the loop's thread, in order. From any thread.
  void post(std::function<void()> task);

 private:
  // A busy loop looks at Asio's own descriptors once in so many passes.
  static constexpr uint32_t kPassesPerAsioPoll = 8;

  bool poll_hooks();
  bool run_posted();
  void sleep();
  void watch_ready_set();

  // Constant.
  const uint32_t index_;
  const Clock clock_;

  // Loop thread only.
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  ReadySet ready_set_;
  boost::asio::posix::stream_descriptor ready_descriptor_;  // ready_set_'s, borrowed
  bool ready_watched_ = false;
  TimerWheel timers_;
  base::Nanos now_;
  std::vector<PassHook*> hooks_;  // nullptr: removed, swept at the next pass
  std::vector<std::function<void()>> running_;
  uint32_t pass_ = 0;

  // Any thread.
  std::atomic<bool> stopping_{false};
  std::atomic<bool> has_posted_{false};
  std::mutex mutex_;  // guards posted_ and asleep_
  std::vector<std::function<void()>> posted_;
  bool asleep_ = false;
};

}  // namespace howdah::net

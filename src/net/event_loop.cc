#include "net/event_loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>

namespace howdah::net {

EventLoop::EventLoop(uint32_t index, Clock clock)
    : index_(index),
      clock_(clock),
      io_(1),
      work_(boost::asio::make_work_guard(io_)),
      ready_descriptor_(io_, ready_set_.fd()),
      timers_(clock_()),
      now_(clock_()) {}

EventLoop::~EventLoop() { ready_descriptor_.release(); }

void EventLoop::add_hook(PassHook& hook) { hooks_.push_back(&hook); }

void EventLoop::remove_hook(PassHook& hook) {
  std::replace(hooks_.begin(), hooks_.end(), &hook, static_cast<PassHook*>(nullptr));
}

bool EventLoop::poll_hooks() {
  bool busy = false;
  // By index: a hook may add or remove others.
  for (size_t i = 0; i < hooks_.size(); ++i) {
    if (hooks_[i] != nullptr && hooks_[i]->poll()) busy = true;
  }
  return busy;
}

bool EventLoop::run_posted() {
  if (!has_posted_.load(std::memory_order_acquire)) return false;
  {
    std::lock_guard lock(mutex_);
    running_.swap(posted_);
    has_posted_.store(false, std::memory_order_relaxed);
  }
  for (auto& task : running_) task();
  running_.clear();
  return true;
}

bool EventLoop::run_pass() {
  now_ = clock_();
  std::erase(hooks_, nullptr);
  bool busy = timers_.advance(now_) > 0;
  if (ready_set_.dispatch() > 0) busy = true;
  if (poll_hooks()) busy = true;
  if (run_posted()) busy = true;
  if (!busy || ++pass_ % kPassesPerAsioPoll == 0) {
    if (io_.poll() > 0) busy = true;
  }
  for (size_t i = 0; i < hooks_.size(); ++i) {
    if (hooks_[i] != nullptr) hooks_[i]->end_pass();
  }
  return busy;
}

void EventLoop::run() {
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (!run_pass()) sleep();
  }
  // A loop that was stopped can run again.
  stopping_.store(false, std::memory_order_relaxed);
}

// Asio's wait re-arms the descriptor in its own epoll set, so readiness from before it counts too.
void EventLoop::watch_ready_set() {
  if (ready_watched_) return;
  ready_watched_ = true;
  ready_descriptor_.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [this](const boost::system::error_code&) { ready_watched_ = false; });
}

void EventLoop::sleep() {
  {
    std::lock_guard lock(mutex_);
    if (!posted_.empty() || stopping_.load(std::memory_order_relaxed)) return;
    asleep_ = true;
  }
  bool block = true;
  size_t prepared = 0;
  while (block && prepared < hooks_.size()) {
    PassHook* hook = hooks_[prepared++];
    if (hook != nullptr && !hook->prepare_sleep()) block = false;
  }
  if (block) {
    watch_ready_set();
    base::Nanos due = timers_.next_due();
    if (due == 0) {
      io_.run_one();
    } else {
      base::Nanos wait = std::max<base::Nanos>(due - clock_(), 0);
      io_.run_one_for(std::chrono::nanoseconds(wait));
    }
  }
  for (size_t i = 0; i < std::min(prepared, hooks_.size()); ++i) {
    if (hooks_[i] != nullptr) hooks_[i]->wake_up();
  }
  std::lock_guard lock(mutex_);
  asleep_ = false;
}

void EventLoop::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  post([] {});
}

void EventLoop::post(std::function<void()> task) {
  bool wake;
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    has_posted_.store(true, std::memory_order_release);
    wake = asleep_;
    asleep_ = false;
  }
  if (wake) boost::asio::post(io_, [] {});
}

}  // namespace howdah::net

#include "base/async_log_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace howdah::base {
namespace {

// How long poll() waits for a full pipe before other things are looked at.
constexpr int kPollMs = 100;

}  // namespace

AsyncLogSink::AsyncLogSink(int fd, Logger::Options form)
    : output_(fd), lost_(std::move(form)), writer_([this] { run(); }) {}

AsyncLogSink::~AsyncLogSink() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    close_by_ = monotonic_now() + kCloseLimitMs * kMillisecond;
  }
  changed_.notify_one();
  writer_.join();
}

void AsyncLogSink::write_line(std::string_view line) {
  bool was_empty;
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() + line.size() > kQueueBytes) return lost_.add(1);
    was_empty = queue_.empty();
    queue_ += line;
  }
  // While the queue is not empty the writer is awake or about to look again.
  if (was_empty) changed_.notify_one();
}

void AsyncLogSink::reopen(UniqueFd next) {
  {
    std::lock_guard lock(mutex_);
    next_ = std::move(next);
  }
  changed_.notify_one();
}

void AsyncLogSink::run() {
  while (take_batch()) write_batch();
}

bool AsyncLogSink::take_batch() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return !queue_.empty() || stopping_ || next_; });
    use_next_output();
    if (!queue_.empty()) break;
    if (stopping_) return false;
  }
  batch_.clear();
  batch_.swap(queue_);
  // Behind the lines that filled the queue. (Under the lock: no line is lost meanwhile.)
  batch_ += lost_.notice();
  lost_.told();
  return true;
}

void AsyncLogSink::write_batch() {
  written_ = 0;
  while (written_ < batch_.size()) {
    Result<size_t> written = 0;
    if (output_.wait_for_room(kPollMs)) {
      written = output_.write_some(std::string_view(batch_).substr(written_));
    } else {
      pause_ = kShortestPause;  // it has waited already
    }
    if (written && *written > 0) {
      written_ += *written;
      pause_ = kShortestPause;
      continue;
    }
    if (!wait_to_try_again(written)) return give_up();
  }
}

bool AsyncLogSink::wait_to_try_again(const Result<size_t>& refused) {
  std::unique_lock lock(mutex_);
  // At the end a pipe may be read yet; what is refused stays so.
  if (stopping_ && (!refused || monotonic_now() > close_by_)) return false;
  changed_.wait_for(lock, std::chrono::nanoseconds(pause_),
                    [&, stopping = stopping_] { return next_ || stopping_ != stopping; });
  pause_ = std::min(2 * pause_, kLongestPause);
  // A line that was begun in the old one is whole in the next.
  if (use_next_output() && written_ > 0) written_ = batch_.rfind('\n', written_ - 1) + 1;
  return true;
}

void AsyncLogSink::give_up() {
  lost_.add(static_cast<uint64_t>(
      std::count(batch_.begin() + static_cast<ptrdiff_t>(written_), batch_.end(), '\n')));
}

bool AsyncLogSink::use_next_output() {
  if (!next_) return false;
  ::dup3(next_.get(), output_.fd(), O_CLOEXEC);
  next_.reset();
  pause_ = kShortestPause;
  return true;
}

}  // namespace howdah::base

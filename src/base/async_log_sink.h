#pragma once

// The log of the front, whose event loops must never wait for a disk or a full pipe.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/log_output.h"
#include "base/lost_lines.h"

namespace howdah::base {

// Queues lines for a thread of its own. What the descriptor refuses (a full disk, a pipe without a
// reader) stays queued and is tried again, so that a disk that gets room again has lost nothing.
// The queue is bounded in bytes; a line that does not fit is lost and counted, and where it is
// missing the log says how many are. The destructor writes what is queued: for at most
// kCloseLimitMs, and not what the descriptor refuses.
class AsyncLogSink final : public LogSink {
 public:
  static constexpr size_t kQueueBytes = 4 << 20;
  static constexpr int kCloseLimitMs = 2000;
  // Between two attempts at what is refused, longer and longer.
  static constexpr Nanos kShortestPause = 2 * kMillisecond;
  static constexpr Nanos kLongestPause = 500 * kMillisecond;

  // `fd` is borrowed and must outlive the sink. `form` is that of the lines the sink writes itself.
  AsyncLogSink(int fd, Logger::Options form);
  ~AsyncLogSink() override;
  void write_line(std::string_view line) override;
  void set_level(LogLevel level) override { lost_.set_level(level); }
  // From now on the sink's descriptor stands for what `next` does. Each line is whole in the one or
  // the other. Any thread.
  void reopen(UniqueFd next);
  uint64_t dropped() const { return lost_.total(); }

 private:
  void run();
  // Waits for lines; false at the end.
  bool take_batch();
  void write_batch();
  // After an attempt that wrote nothing. False when what is left is to be given up.
  bool wait_to_try_again(const Result<size_t>& refused);
  void give_up();
  // With the lock held. False when there is none.
  bool use_next_output();

  const LogOutput output_;
  LostLines lost_;
  // Writer's only.
  std::string batch_;
  size_t written_ = 0;  // of the batch
  Nanos pause_ = kShortestPause;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::string queue_;
  UniqueFd next_;  // of reopen(), until the writer has taken it
  bool stopping_ = false;
  Nanos close_by_ = 0;

  std::thread writer_;
};

}  // namespace howdah::base

#pragma once

// The log of processes that write few lines and must not be held up by them: the parent and the
// exporter of spans.

#include <mutex>

#include "base/log_output.h"
#include "base/lost_lines.h"
#include "base/shared_counter.h"

namespace howdah::base {

// Writes each line at once. One that nobody takes within kPatienceMs, or that the disk refuses, is
// lost and counted; the next line that can be written says how many were.
class DirectLogSink final : public LogSink {
 public:
  static constexpr int kPatienceMs = 100;

  // `fd` is borrowed and outlives the sink; it may become another one by dup2(). `form` is that of
  // the lines the sink writes itself.
  DirectLogSink(int fd, Logger::Options form) : output_(fd), lost_(std::move(form)) {}
  // Lines that are lost are counted here as well. Outlives the sink.
  void count_lost_in(SharedCounter& counter) { counter_ = &counter; }

  void write_line(std::string_view line) override;
  // So that poll() says whether a write would wait.
  size_t longest_line() const override { return LogOutput::kPipeBytes; }
  void set_level(LogLevel level) override { lost_.set_level(level); }
  uint64_t lost() const { return lost_.total(); }

 private:
  bool put(std::string_view line);

  const LogOutput output_;
  SharedCounter* counter_ = nullptr;
  std::mutex mutex_;  // guards what follows
  LostLines lost_;
  bool divided_ = false;  // half a line was the last that could be written
};

}  // namespace howdah::base

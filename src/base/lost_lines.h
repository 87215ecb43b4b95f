#pragma once

// What a log sink could not write: counted, and told in the log itself once it can be written
// again.

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/log.h"

namespace howdah::base {

// add() and total() are for any thread, the others for the one that writes.
class LostLines {
 public:
  // `form` is that of the log's other lines.
  explicit LostLines(Logger::Options form) : logger_(line_, std::move(form)) {}

  void add(uint64_t lines) { total_.fetch_add(lines, std::memory_order_relaxed); }
  uint64_t total() const { return total_.load(std::memory_order_relaxed); }
  // For any thread: a notice is a warning like others.
  void set_level(LogLevel level) { logger_.set_level(level); }

  // The line that says how many were lost since take_notice() was last called; empty when none
  // were, or when the level leaves it out. Valid until the next call.
  std::string_view notice();
  // The notice that was made last is written.
  void told() { told_ = noted_; }

 private:
  struct Line : LogSink {
    std::string text;
    void write_line(std::string_view line) override { text = line; }
  };
  std::atomic<uint64_t> total_{0};
  uint64_t told_ = 0;
  uint64_t noted_ = 0;  // what the last notice was made of
  Line line_;
  Logger logger_;
};

}  // namespace howdah::base

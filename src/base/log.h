#pragma once

// The server's own log: one JSON object a line, in the form of the contract's section on logs.
//
// A Logger renders a line and hands it to a sink. The parent and short-lived code write straight to
// a descriptor (DirectLogSink); the front, whose event loops must never wait for a disk or a full
// pipe, queues lines for a writer thread (AsyncLogSink), which drops and counts lines when the
// queue is full.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <variant>

#include "base/fd.h"

namespace howdah::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

enum class LogType {
  kApp,     // the server about itself
  kAccess,  // one line a request
  kError,   // PHP's warnings and what workers write to stderr
};

std::string_view name_of(LogLevel level);

// The request a line belongs to. Empty members are left out of `ctx`. Views need only live for the
// call they are passed to.
struct LogContext {
  std::string_view request_id;
  std::string_view trace_id;
  std::string_view span_id;
};

// One member of `data`.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, int64_t, uint64_t, double, bool> value;
};

// Takes whole lines, newline included. Implementations are thread-safe.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write_line(std::string_view line) = 0;
};

// Writes each line with one write(2), cut at 4 KiB. A line that nobody takes within 100 ms is lost;
// failures are ignored: there is nowhere to report them.
class DirectLogSink : public LogSink {
 public:
  explicit DirectLogSink(int fd) : fd_(fd) {}
  void write_line(std::string_view line) override;

 private:
  const int fd_;
};

// Queues lines for a thread of its own. The queue is bounded in bytes; a line that does not fit is
// dropped and counted. The destructor writes what is queued, for at most kCloseLimit.
class AsyncLogSink : public LogSink {
 public:
  static constexpr size_t kQueueBytes = 4 << 20;
  static constexpr int kCloseLimitMs = 2000;

  // `fd` is borrowed and must outlive the sink.
  explicit AsyncLogSink(int fd);
  ~AsyncLogSink() override;
  void write_line(std::string_view line) override;
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void run();
  void write_batch(std::string_view batch);

  const int fd_;
  std::atomic<uint64_t> dropped_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> close_by_{0};  // monotonic nanoseconds
  std::mutex mutex_;                  // guards queue_
  std::condition_variable ready_;
  std::string queue_;
  std::thread writer_;
};

// Renders lines. Thread-safe; the sink outlives it.
class Logger {
 public:
  enum class Format { kJson, kText };
  struct Options {
    LogLevel level = LogLevel::kInfo;
    std::string service = "howdah";
    Format format = Format::kJson;
  };
  Logger(LogSink& sink, Options options)
      : sink_(sink), options_(std::move(options)), level_(options_.level) {}

  bool enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  void log(LogType type, LogLevel level, std::string_view message, const LogContext& context = {},
           std::initializer_list<LogField> data = {}) const {
    write(type, level, message, context, data.begin(), data.size());
  }
  void write(LogType type, LogLevel level, std::string_view message, const LogContext& context,
             const LogField* data, size_t count) const;

  void debug(std::string_view message, std::initializer_list<LogField> data = {}) const {
    log(LogType::kApp, LogLevel::kDebug, message, {}, data);
  }
  void info(std::string_view message, std::initializer_list<LogField> data = {}) const {
    log(LogType::kApp, LogLevel::kInfo, message, {}, data);
  }
  void warn(std::string_view message, std::initializer_list<LogField> data = {}) const {
    log(LogType::kApp, LogLevel::kWarn, message, {}, data);
  }
  void error(std::string_view message, std::initializer_list<LogField> data = {}) const {
    log(LogType::kApp, LogLevel::kError, message, {}, data);
  }
  // As it was made: its level may be another since.
  const Options& options() const { return options_; }
  LogSink& sink() const { return sink_; }

 private:
  LogSink& sink_;
  const Options options_;
  std::atomic<LogLevel> level_;
};

}  // namespace howdah::base

#pragma once

// The server's own log: one JSON object a line, in the form of the contract's section on logs.
//
// A Logger renders a line and hands it to a sink. The parent and the exporter of spans write
// straight to a descriptor (direct_log_sink.h); the front, whose event loops must never wait for a
// disk or a full pipe, queues lines for a writer thread (async_log_sink.h).

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

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
  // Bytes. A Logger shortens what it says of a line that would be longer.
  virtual size_t longest_line() const { return SIZE_MAX; }
  // The least important lines that the sink writes by itself (that others were lost).
  virtual void set_level(LogLevel) {}
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
  // Of the sink's own lines as well.
  void set_level(LogLevel level) {
    level_.store(level, std::memory_order_relaxed);
    sink_.set_level(level);
  }
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
  struct Line;
  void render(std::string& out, const Line& line) const;
  void render_json(std::string& out, const Line& line) const;
  void render_text(std::string& out, const Line& line) const;

  LogSink& sink_;
  const Options options_;
  std::atomic<LogLevel> level_;
};

}  // namespace howdah::base

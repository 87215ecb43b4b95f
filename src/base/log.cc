#include "base/log.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <tuple>

#include "base/clock.h"
#include "base/json.h"

namespace howdah::base {
namespace {

// What a pipe that poll() calls writable takes without blocking (PIPE_BUF).
constexpr size_t kPipeBytes = 4096;

std::string_view name_of(LogType type) {
  switch (type) {
    case LogType::kApp:
      return "app";
    case LogType::kAccess:
      return "access";
    case LogType::kError:
      return "error";
  }
  return "app";
}

void append_value(std::string& out, const LogField& field) {
  std::visit(
      [&](const auto& value) {
        using V = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<V, std::string_view>) {
          append_json_string(out, value);
        } else {
          fmt::format_to(std::back_inserter(out), "{}", value);
        }
      },
      field.value);
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value);
}

}  // namespace

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

void DirectLogSink::write_line(std::string_view line) {
  // A log that nobody reads must not hold up the one process that ends the others.
  constexpr int kPatienceMs = 100;
  pollfd waiting{fd_, POLLOUT, 0};
  if (::poll(&waiting, 1, kPatienceMs) <= 0) return;
  std::ignore = write_all(fd_, line.data(), std::min(line.size(), kPipeBytes));
}

AsyncLogSink::AsyncLogSink(int fd) : fd_(fd), writer_([this] { run(); }) {}

AsyncLogSink::~AsyncLogSink() {
  close_by_ = monotonic_now() + kCloseLimitMs * kMillisecond;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_one();
  writer_.join();
}

void AsyncLogSink::write_line(std::string_view line) {
  bool was_empty;
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() + line.size() > kQueueBytes) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    was_empty = queue_.empty();
    queue_ += line;
  }
  // While the queue is not empty the writer is awake or about to look again.
  if (was_empty) ready_.notify_one();
}

void AsyncLogSink::run() {
  std::string batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [&] { return !queue_.empty() || stopping_; });
      if (queue_.empty()) return;
      batch.clear();
      batch.swap(queue_);
    }
    write_batch(batch);
  }
}

void AsyncLogSink::write_batch(std::string_view batch) {
  while (!batch.empty()) {
    // The descriptor may be shared with other programs and is left blocking; poll() first, so that
    // a pipe nobody reads cannot hold up the end of the program.
    pollfd waiting{fd_, POLLOUT, 0};
    int ready = ::poll(&waiting, 1, 100);
    if (ready == 0) {
      if (stopping_ && monotonic_now() > close_by_) return;
      continue;
    }
    // A pipe that is writable takes PIPE_BUF bytes without blocking.
    size_t piece = std::min(batch.size(), kPipeBytes);
    // Whole lines, where they fit: the parent writes to the same place.
    size_t line_end = batch.substr(0, piece).rfind('\n');
    if (line_end != std::string_view::npos) piece = line_end + 1;
    ssize_t written = retry_eintr([&] { return ::write(fd_, batch.data(), piece); });
    if (written < 0 && errno == EAGAIN) continue;
    if (written < 0) return;  // a closed log: nowhere to say so
    batch.remove_prefix(static_cast<size_t>(written));
  }
}

void Logger::write(LogType type, LogLevel level, std::string_view message,
                   const LogContext& context, const LogField* data, size_t count) const {
  if (!enabled(level)) return;
  thread_local std::string line;
  line.clear();
  if (options_.format == Format::kText) {
    append_iso8601(line, wall_now());
    fmt::format_to(std::back_inserter(line), " {:5} ", howdah::base::name_of(level));
    // Quoted as JSON when it holds anything that could forge a line or drive a terminal.
    bool clean = std::ranges::all_of(message, [](char c) { return c >= 0x20 && c != 0x7F; });
    clean ? void(line += message) : append_json_string(line, message);
    if (!context.request_id.empty()) {
      fmt::format_to(std::back_inserter(line), " [{}]", context.request_id);
    }
    for (size_t i = 0; i < count; ++i) {
      fmt::format_to(std::back_inserter(line), " {}=", data[i].name);
      append_value(line, data[i]);
    }
    line += '\n';
    sink_.write_line(line);
    return;
  }
  line += "{\"ts\":\"";
  append_iso8601(line, wall_now());
  line += '"';
  append_member(line, "level", howdah::base::name_of(level));
  append_member(line, "type", name_of(type));
  append_member(line, "msg", message);
  line += ",\"ctx\":{\"service\":";
  append_json_string(line, options_.service);
  if (!context.request_id.empty()) append_member(line, "request_id", context.request_id);
  if (!context.trace_id.empty()) append_member(line, "trace_id", context.trace_id);
  if (!context.span_id.empty()) append_member(line, "span_id", context.span_id);
  line += "},\"data\":{";
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) line += ',';
    append_json_string(line, data[i].name);
    line += ':';
    append_value(line, data[i]);
  }
  line += "}}\n";
  sink_.write_line(line);
}

}  // namespace howdah::base

#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/clock.h"
#include "base/json.h"

namespace howdah::base {
namespace {

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

// At most `most` bytes of it; no UTF-8 sequence is divided.
std::string_view shortened(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  auto continues = [&](size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80; };
  while (most > 0 && continues(most)) --most;
  return text.substr(0, most);
}

void append_value(std::string& out, const LogField& field, size_t longest_text) {
  std::visit(
      [&](const auto& value) {
        using V = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<V, std::string_view>) {
          append_json_string(out, shortened(value, longest_text));
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

struct Logger::Line {
  LogType type;
  LogLevel level;
  std::string_view message;
  const LogContext& context;
  const LogField* data;
  size_t count;
  Nanos when;
  size_t longest_text;  // of the message and of each value
};

void Logger::write(LogType type, LogLevel level, std::string_view message,
                   const LogContext& context, const LogField* data, size_t count) const {
  if (!enabled(level)) return;
  // Its memory is kept. (Taken out meanwhile: a sink may write a line of its own before this one.)
  thread_local std::string kept;
  std::string text = std::move(kept);
  const size_t longest = sink_.longest_line();
  Line line{type, level, message, context, data, count, wall_now(), SIZE_MAX};
  render(text, line);
  for (line.longest_text = longest / 2; text.size() > longest && line.longest_text > 0;
       line.longest_text /= 2) {
    render(text, line);
  }
  sink_.write_line(text);
  kept = std::move(text);
}

void Logger::render(std::string& out, const Line& line) const {
  out.clear();
  options_.format == Format::kText ? render_text(out, line) : render_json(out, line);
}

void Logger::render_text(std::string& out, const Line& line) const {
  append_iso8601(out, line.when);
  fmt::format_to(std::back_inserter(out), " {:5} ", howdah::base::name_of(line.level));
  std::string_view message = shortened(line.message, line.longest_text);
  // Quoted as JSON when it holds anything that could forge a line or drive a terminal.
  is_printable(message) ? void(out += message) : append_json_string(out, message);
  if (!line.context.request_id.empty()) {
    fmt::format_to(std::back_inserter(out), " [{}]", line.context.request_id);
  }
  for (size_t i = 0; i < line.count; ++i) {
    fmt::format_to(std::back_inserter(out), " {}=", line.data[i].name);
    append_value(out, line.data[i], line.longest_text);
  }
  if (line.longest_text != SIZE_MAX) out += " truncated=true";
  out += '\n';
}

void Logger::render_json(std::string& out, const Line& line) const {
  const LogContext& context = line.context;
  out += "{\"ts\":\"";
  append_iso8601(out, line.when);
  out += '"';
  append_member(out, "level", howdah::base::name_of(line.level));
  append_member(out, "type", name_of(line.type));
  append_member(out, "msg", shortened(line.message, line.longest_text));
  out += ",\"ctx\":{\"service\":";
  append_json_string(out, options_.service);
  if (!context.request_id.empty()) append_member(out, "request_id", context.request_id);
  if (!context.trace_id.empty()) append_member(out, "trace_id", context.trace_id);
  if (!context.span_id.empty()) append_member(out, "span_id", context.span_id);
  out += "},\"data\":{";
  for (size_t i = 0; i < line.count; ++i) {
    if (i > 0) out += ',';
    append_json_string(out, line.data[i].name);
    out += ':';
    append_value(out, line.data[i], line.longest_text);
  }
  if (line.longest_text != SIZE_MAX) {
    if (line.count > 0) out += ',';
    out += "\"truncated\":true";
  }
  out += "}}\n";
}

}  // namespace howdah::base

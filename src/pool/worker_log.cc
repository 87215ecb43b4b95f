#include "pool/worker_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "channel/record.h"

namespace howdah::pool {
namespace {

using Json = nlohmann::ordered_json;

// One line, well-formed whatever came.
std::string written(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_ids(Json& context, const Generation::Label& label) {
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty() && !context.contains(name)) context[name] = value;
  };
  add("request_id", label.request_id);
  add("trace_id", label.trace_id);
  add("span_id", label.span_id);
}

// Json keeps members in their order, and looks through all of them for each one more.
bool has_few_members(std::string_view json) {
  constexpr int kMost = 512;
  int commas = 0;
  bool in_string = false;
  for (size_t at = 0; at < json.size(); ++at) {
    if (in_string && json[at] == '\\') {
      ++at;
    } else if (json[at] == '"') {
      in_string = !in_string;
    } else if (!in_string && json[at] == ',') {
      ++commas;
    }
  }
  return commas < kMost;
}

// The line with ids added, or nothing when it is no log line.
std::string passed_through(std::string_view line, const Generation::Label& label) {
  if (!line.starts_with('{') || !has_few_members(line)) return {};
  auto json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  for (const char* member : {"ts", "level", "type", "msg"}) {
    if (!json.contains(member) || !json[member].is_string()) return {};
  }
  auto& context = json["ctx"];
  if (context.is_null()) context = Json::object();
  if (!context.is_object()) return {};
  add_ids(context, label);
  return written(json) + "\n";
}

// A line of type "app". `data` is a JSON object on one line.
void write_app_line(const base::Logger& log, base::LogLevel level, std::string_view text,
                    const Generation::Label& label, std::string_view data) {
  if (!log.enabled(level)) return;
  if (log.options().format == base::Logger::Format::kText) {
    return log.log(base::LogType::kApp, level, text,
                   {label.request_id, label.trace_id, label.span_id}, {{"data", data}});
  }
  Json line;
  std::string when;
  base::append_iso8601(when, base::wall_now());
  line["ts"] = when;
  line["level"] = base::name_of(level);
  line["type"] = "app";
  line["msg"] = text;
  line["ctx"]["service"] = log.options().service;
  add_ids(line["ctx"], label);
  std::string out = written(line);
  out.back() = ',';
  log.sink().write_line(out.append("\"data\":").append(data).append("}\n"));
}

// Looked at, not taken apart: it may have very many members.
bool is_object_on_one_line(std::string_view json) {
  return json.starts_with('{') && json.find_first_of("\r\n") == json.npos && Json::accept(json);
}

}  // namespace

void log_stderr_line(const base::Logger& log, std::string_view line, int64_t worker,
                     const Generation::Label& label) {
  if (std::string own = passed_through(line, label); !own.empty()) {
    log.sink().write_line(own);
    return;
  }
  std::string text(line);
  std::ranges::replace(text, channel::kLineBreak, '\n');
  log.log(base::LogType::kError, base::LogLevel::kError, text,
          {label.request_id, label.trace_id, label.span_id},
          {{"worker", worker}, {"source", std::string_view("stderr")}});
}

base::LogLevel log_level_of(int value) {
  return static_cast<base::LogLevel>(std::clamp(value, 0, 3));
}

void log_record(const base::Logger& log, std::string_view payload, const Generation::Label& label) {
  auto record = channel::decode_record(payload);
  if (!record) return;
  const bool sound = is_object_on_one_line(record->attributes);
  write_app_line(log, log_level_of(record->level), record->text, label,
                 sound ? record->attributes : "{}");
}

void log_slow_request(const base::Logger& log, const Generation::Label& label, uint32_t worker,
                      base::Nanos running_for, const ScriptStack& stack) {
  const std::string& request = label.request;
  const size_t space = std::min(request.find(' '), request.size());
  Json data;
  data["method"] = request.substr(0, space);
  data["path"] = request.substr(std::min(space + 1, request.size()));
  data["duration_ms"] = running_for / base::kMillisecond;
  data["worker"] = worker;
  data["waiting_in"] = stack.waiting_in;
  data["stack"] = stack.frames;
  write_app_line(log, base::LogLevel::kWarn, "slow request " + request, label, written(data));
}

}  // namespace howdah::pool

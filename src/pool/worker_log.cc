#include "pool/worker_log.h"

#include <nlohmann/json.hpp>

namespace howdah::pool {
namespace {

// The line with ids added, or nothing when it is no log line.
std::string passed_through(std::string_view line, const Generation::Label& label) {
  if (!line.starts_with('{')) return {};
  auto json = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  for (const char* member : {"ts", "level", "type", "msg"}) {
    if (!json.contains(member) || !json[member].is_string()) return {};
  }
  auto& context = json["ctx"];
  if (context.is_null()) context = nlohmann::ordered_json::object();
  if (!context.is_object()) return {};
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty() && !context.contains(name)) context[name] = value;
  };
  add("request_id", label.request_id);
  add("trace_id", label.trace_id);
  add("span_id", label.span_id);
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

void log_stderr_line(const base::Logger& log, std::string_view line, int64_t worker,
                     const Generation::Label& label) {
  if (std::string own = passed_through(line, label); !own.empty()) {
    log.sink().write_line(own);
    return;
  }
  log.log(base::LogType::kError, base::LogLevel::kError, line,
          {label.request_id, label.trace_id, label.span_id},
          {{"worker", worker}, {"source", std::string_view("stderr")}});
}

}  // namespace howdah::pool

#include "app/status/status_view.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <utility>

namespace howdah::app {
namespace {

using nlohmann::json;

// Of each list, where there is room for all.
constexpr size_t kRecentShown = 5;

double number(const json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : 0.0;
}

uint64_t count(const json& object, const char* name) {
  return static_cast<uint64_t>(std::max(number(object, name), 0.0));
}

std::string words(const json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? printable(found->get<std::string>()) : "";
}

const json& part(const json& object, const char* name) {
  static const json kNone = json::object();
  auto found = object.find(name);
  return found != object.end() ? *found : kNone;
}

std::string size_text(double bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1023.5 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100 ? 0 : 1, kUnits[unit]);
}

std::string time_text(double seconds) {
  if (seconds < 0.01) return fmt::format("{:.2f} ms", seconds * 1000);
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 120) return fmt::format("{:.1f} s", seconds);
  auto minutes = static_cast<uint64_t>(seconds / 60);
  if (minutes < 120) return fmt::format("{} m", minutes);
  if (minutes < 48 * 60) return fmt::format("{} h {} m", minutes / 60, minutes % 60);
  return fmt::format("{} d {} h", minutes / 60 / 24, minutes / 60 % 24);
}

std::string percentile(const json& latency, const char* name) {
  const json& value = part(latency, name);
  return value.is_number() ? time_text(value.get<double>()) : "-";
}

// Narrow: the request comes last and takes what is left of the line.
constexpr std::string_view kWorkerTitles =
    "    #     pid state           for requests    memory  restarts  request";

std::vector<std::string> head_lines(const json& status) {
  const json &rates = part(status, "rates"), &latency = part(status, "latency");
  const json& classes = part(rates, "responses");
  double memory = 0;
  for (const json& pool : part(status, "pools")) memory += number(pool, "memory");
  std::vector<std::string> lines;
  lines.push_back(fmt::format("howdah {}: {}, up {}, PHP {} ({} mode)", words(status, "version"),
                              words(status, "state"), time_text(number(status, "uptime")),
                              words(status, "php"), words(status, "mode")));
  lines.push_back(fmt::format("requests  {:.1f}/s over {}, {} in all", number(rates, "requests"),
                              time_text(number(rates, "seconds")),
                              count(status, "total_requests")));
  lines.push_back(fmt::format("answers   2xx {:.1f}/s, 3xx {:.1f}/s, 4xx {:.1f}/s, 5xx {:.1f}/s",
                              number(classes, "2xx"), number(classes, "3xx"),
                              number(classes, "4xx"), number(classes, "5xx")));
  lines.push_back(fmt::format("latency   50 % {}, 90 % {}, 99 % {}, of {} in {}",
                              percentile(latency, "p50"), percentile(latency, "p90"),
                              percentile(latency, "p99"), count(latency, "requests"),
                              time_text(number(latency, "seconds"))));
  lines.push_back(
      fmt::format("queue     {} waiting, room for {}; {} running, {} refused, {} timed out",
                  count(status, "waiting"), count(status, "queue_capacity"),
                  count(status, "running"), count(status, "dropped"), count(status, "timeouts")));
  lines.push_back(fmt::format(
      "traffic   {} connections, {}/s in, {}/s out", count(status, "active_connections"),
      size_text(number(rates, "received_bytes")), size_text(number(rates, "sent_bytes"))));
  lines.push_back(fmt::format("memory    PHP {}; of the machine's {} {} are available",
                              size_text(memory), size_text(number(status, "memory_total")),
                              size_text(number(status, "memory_available"))));
  lines.emplace_back(kWorkerTitles);
  return lines;
}

std::string pool_line(const json& pool) {
  return fmt::format("{}: {} workers, {} running, {} of {} waiting, {}, {} restarts, generation {}",
                     words(pool, "name"), count(pool, "workers"), count(pool, "running"),
                     count(pool, "waiting"), count(pool, "queue_capacity"),
                     size_text(number(pool, "memory")), count(pool, "restarts"),
                     count(pool, "generation"));
}

std::string worker_line(const json& worker) {
  std::string request = words(worker, "request");
  return fmt::format("{:>5} {:>7} {:<10} {:>8} {:>8} {:>9} {:>9}  {}", count(worker, "worker"),
                     count(worker, "pid"), words(worker, "state"),
                     request.empty() ? "" : time_text(number(worker, "elapsed")),
                     count(worker, "requests"), size_text(number(worker, "memory")),
                     count(worker, "restarts"), request);
}

std::string recent_line(const json& request) {
  std::string reason = words(request, "reason");
  return fmt::format("  {:%H:%M:%S} {:>3} {:>8}  {} {}{}",
                     fmt::localtime(static_cast<std::time_t>(number(request, "time"))),
                     count(request, "status"), time_text(number(request, "duration")),
                     words(request, "method"), words(request, "path"),
                     reason.empty() ? "" : " (" + reason + ")");
}

// Title and entries of a list of recent requests, at most `most` lines.
void append_recent(std::vector<std::string>& lines, const json& requests, std::string_view title,
                   size_t most) {
  if (most < 2 || requests.empty()) return;
  lines.emplace_back(title);
  for (const json& request : requests) {
    if (--most == 0) return;
    lines.push_back(recent_line(request));
  }
}

bool runs_something(const json& worker) { return !words(worker, "request").empty(); }

// The lines of a pool and its workers, at most `most`.
void append_pool(std::vector<std::string>& lines, const json& status, const json& pool,
                 size_t most) {
  if (most == 0) return;
  std::vector<json> workers;
  for (const json& worker : part(status, "workers")) {
    if (part(worker, "pool") == part(pool, "name")) workers.push_back(worker);
  }
  lines.push_back(pool_line(pool));
  if (workers.size() < most) {
    for (const json& worker : workers) lines.push_back(worker_line(worker));
    return;
  }
  if (most < 2) return;
  std::ranges::stable_partition(workers, runs_something);
  const size_t shown = most - 2;
  for (size_t i = 0; i < shown; ++i) lines.push_back(worker_line(workers[i]));
  lines.push_back(fmt::format("  and {} more workers", workers.size() - shown));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (unsigned char byte : text) {
    if (byte >= ' ' && byte < 0x7f) {
      out += static_cast<char>(byte);
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

std::string status_report(const json& status) {
  constexpr size_t kAll = SIZE_MAX;
  std::vector<std::string> lines = head_lines(status);
  for (const json& pool : part(status, "pools")) append_pool(lines, status, pool, kAll);
  append_recent(lines, part(status, "errors"), "recent errors", kRecentShown + 1);
  append_recent(lines, part(status, "slow"), "recent slow answers", kRecentShown + 1);
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

std::vector<std::string> status_screen(const json& status, ScreenSize size,
                                       std::string_view notice) {
  const size_t rows = size.rows > 0 ? size.rows - 1 : 0;
  std::vector<std::string> lines = head_lines(status);
  const json& pools = part(status, "pools");
  size_t left = pools.size();
  for (const json& pool : pools) {
    // What is there is shared among the pools that are still to come.
    if (lines.size() < rows) append_pool(lines, status, pool, (rows - lines.size()) / left);
    --left;
  }
  for (const auto& [name, title] :
       {std::pair{"errors", "recent errors"}, std::pair{"slow", "recent slow answers"}}) {
    const size_t room = lines.size() < rows ? rows - lines.size() : 0;
    append_recent(lines, part(status, name), title, std::min(room, kRecentShown + 1));
  }
  if (lines.size() > rows) lines.resize(rows);
  lines.emplace_back(notice);
  for (std::string& line : lines) line.resize(std::min(line.size(), size.columns));
  return lines;
}

}  // namespace howdah::app

#include "ops/internal_pages.h"

#include <fmt/format.h>

#include <iterator>

#include "base/json.h"
#include "base/process_info.h"
#include "ops/machine.h"
#include "ops/metrics_text.h"

namespace howdah::ops {
namespace {

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

double seconds(base::Nanos nanos) {
  return static_cast<double>(nanos / base::kMillisecond) / 1000.0;
}

Page not_ready(std::string_view reason) {
  return {.status = 503,
          .body = fmt::format(R"({{"status":"unavailable","reason":"{}"}})", reason)};
}

void append_worker(std::string& out, const pool::WorkerStatus& worker) {
  out += R"({"pool":)";
  base::append_json_string(out, worker.pool);
  fmt::format_to(std::back_inserter(out), R"(,"worker":{},"pid":{},"state":"{}","request":)",
                 worker.worker, worker.pid, name_of(worker.phase));
  if (worker.request.empty()) {
    out += "null";
  } else {
    base::append_json_string(out, worker.request);
  }
  fmt::format_to(
      std::back_inserter(out), R"(,"elapsed":{},"requests":{},"memory":{},"restarts":{}}})",
      seconds(worker.busy_for), worker.requests, base::own_memory(worker.pid), worker.restarts);
}

}  // namespace

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::kStarting:
      return "starting";
    case Phase::kServing:
      return "serving";
    case Phase::kDraining:
      return "draining";
  }
  return "starting";
}

std::optional<Order> order_at(std::string_view target) {
  if (target == "/reload") return Order::kReload;
  if (target == "/workers/restart") return Order::kRestart;
  return std::nullopt;
}

Page InternalPages::get(std::string_view method, std::string_view target) const {
  if (method != "GET" && method != "HEAD") {
    return {.status = 405, .body = R"({"error":"only GET and HEAD"})"};
  }
  std::string_view path = target.substr(0, target.find('?'));
  if (path == "/health") return health();
  if (path == "/health/live") return {.body = R"({"status":"ok"})"};
  if (path == "/health/ready") return ready();
  if (path == "/health/startup") return startup();
  if (path == "/metrics") return metrics();
  if (path == "/config") return {.body = sources_.config};
  if (path == "/workers") return {.body = workers()};
  if (order_at(path)) return {.status = 405, .body = R"({"error":"only POST"})"};
  return {.status = 404, .body = R"({"error":"no such page"})"};
}

Page InternalPages::health() const {
  Totals totals = sources_.metrics.totals();
  return {.body = fmt::format(
              R"({{"status":"ok","timestamp":{},"active_connections":{},"total_requests":{}}})",
              base::wall_now() / base::kSecond, totals.active_connections(), totals.all_requests)};
}

Page InternalPages::ready() const {
  Phase phase = sources_.phase.load(std::memory_order_relaxed);
  if (phase != Phase::kServing) return not_ready(name_of(phase));
  if (!sources_.pool().ready) return not_ready("no live worker");
  return {.body = R"({"status":"ok"})"};
}

Page InternalPages::startup() const {
  bool started = sources_.phase.load(std::memory_order_relaxed) != Phase::kStarting;
  return started ? Page{.body = R"({"status":"ok"})"} : not_ready("starting");
}

Page InternalPages::metrics() const {
  MetricsSnapshot snapshot{.totals = sources_.metrics.totals(),
                           .pool = sources_.pool(),
                           .pools = sources_.pools,
                           .workers = sources_.workers(),
                           .memory = {},
                           .machine = machine_status(),
                           .log_lines_dropped = sources_.log_lines_dropped(),
                           .uptime = base::monotonic_now() - sources_.started};
  for (const pool::WorkerStatus& worker : snapshot.workers) {
    if (worker.pid == 0) continue;
    snapshot.memory.push_back({worker.pool, worker.worker, base::own_memory(worker.pid)});
  }
  return {.content_type = kMetricsType, .body = metrics_text(snapshot)};
}

std::string InternalPages::workers() const {
  std::string out = R"({"workers":[)";
  bool first = true;
  for (const pool::WorkerStatus& worker : sources_.workers()) {
    if (!first) out += ',';
    first = false;
    append_worker(out, worker);
  }
  out += "]}";
  return out;
}

std::string InternalPages::status() const {
  pool::PoolStatus pool = sources_.pool();
  Totals totals = sources_.metrics.totals();
  std::string out = fmt::format(
      R"({{"version":"{}","state":"{}","uptime":{},"active_connections":{},"total_requests":{},)"
      R"("waiting":{},"running":{},"dropped":{},"timeouts":{},"mode":"{}","host_pid":{},"php":)",
      HOWDAH_VERSION, name_of(sources_.phase.load(std::memory_order_relaxed)),
      seconds(base::monotonic_now() - sources_.started), totals.active_connections(),
      totals.all_requests, pool.waiting, pool.running, totals.dropped, pool.timeouts,
      pool.threads ? "thread" : "process", pool.host_pid);
  base::append_json_string(out, pool.php_version);
  out += ',';
  out += workers().substr(1);
  return out;
}

}  // namespace howdah::ops

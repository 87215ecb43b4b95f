#include "ops/internal_pages.h"

#include <fmt/format.h>

#include "ops/live_page.h"
#include "ops/machine.h"
#include "ops/metrics_text.h"

namespace howdah::ops {
namespace {

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

Page not_ready(std::string_view reason) {
  return {.status = 503,
          .body = fmt::format(R"({{"status":"unavailable","reason":"{}"}})", reason)};
}

Page live_page() {
  LivePage page = make_live_page();
  return {.content_type = "text/html; charset=utf-8",
          .body = std::move(page.html),
          .content_security_policy = std::move(page.policy)};
}

}  // namespace

bool wants_stacks(std::string_view method, std::string_view target) {
  return method == "GET" && target == "/workers?stack=1";
}

std::optional<Order> order_at(std::string_view target) {
  if (target == "/reload") return Order::kReload;
  if (target == "/workers/restart") return Order::kRestart;
  return std::nullopt;
}

Page InternalPages::get(std::string_view method, std::string_view target) {
  if (method != "GET" && method != "HEAD") {
    return {.status = 405, .body = R"({"error":"only GET and HEAD"})"};
  }
  std::string_view path = target.substr(0, target.find('?'));
  if (path == "/") return live_page();
  if (path == "/health") return health();
  if (path == "/health/live") return {.body = R"({"status":"ok"})"};
  if (path == "/health/ready") return ready();
  if (path == "/health/startup") return startup();
  if (path == "/metrics") return {.content_type = kMetricsType, .body = metrics_text(take())};
  if (path == "/config") return {.body = sources_.config};
  // The feed itself comes from EventFeed; this is for HEAD.
  if (path == "/events") return {.content_type = "text/event-stream"};
  if (path == "/workers") return {.body = workers_json(with_memory(sources_.workers()))};
  if (order_at(path)) return {.status = 405, .body = R"({"error":"only POST"})"};
  return {.status = 404, .body = R"({"error":"no such page"})"};
}

Page InternalPages::workers_with(const std::vector<pool::WorkerStack>& stacks) const {
  return {.body = workers_json(with_memory(sources_.workers()), &stacks)};
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
  if (!pool::sum_of(sources_.pools()).ready) return not_ready("no live worker");
  return {.body = R"({"status":"ok"})"};
}

Page InternalPages::startup() const {
  bool started = sources_.phase.load(std::memory_order_relaxed) != Phase::kStarting;
  return started ? Page{.body = R"({"status":"ok"})"} : not_ready("starting");
}

Snapshot InternalPages::take() {
  const base::Nanos now = base::monotonic_now();
  Snapshot snapshot{.taken = base::wall_now(),
                    .uptime = now - sources_.started,
                    .phase = sources_.phase.load(std::memory_order_relaxed),
                    .totals = sources_.metrics.totals(),
                    .pools = sources_.pools(),
                    .workers = with_memory(sources_.workers()),
                    .failed = sources_.metrics.failed(),
                    .slow = sources_.metrics.slow(),
                    .machine = machine_status(),
                    .spool_bytes = sources_.spool_bytes(),
                    .log_lines_dropped = sources_.log_lines_dropped(),
                    .rate_store = sources_.rate_store(),
                    .spans = sources_.spans()};
  snapshot.pool = pool::sum_of(snapshot.pools);
  window_.add(now, snapshot.totals);
  snapshot.rates = window_.rates();
  snapshot.latency = window_.latency();
  return snapshot;
}

}  // namespace howdah::ops

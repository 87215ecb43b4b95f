#include "ops/metrics_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "serve/flood_guard.h"

namespace howdah::ops {
namespace {

using pool::WorkerPhase;

constexpr std::array<WorkerPhase, 5> kPhases = {WorkerPhase::kStarting, WorkerPhase::kIdle,
                                                WorkerPhase::kBusy, WorkerPhase::kBackground,
                                                WorkerPhase::kDead};

// In the order of serve::ConnectionLimit.
constexpr std::array<std::string_view, serve::kConnectionLimits> kLimitNames = {
    "max_connections_per_ip", "max_connections", "descriptors"};

double seconds(base::Nanos nanos) { return static_cast<double>(nanos) / base::kSecond; }

// A pool's name is a path, which may hold what a label's value cannot.
std::string label_value(std::string_view text) {
  std::string value;
  for (char c : text) {
    if (c == '\\' || c == '"') value += '\\';
    value += c == '\n' ? ' ' : c;
  }
  return value;
}

// Writes families: HELP and TYPE once, then its samples.
class Writer {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(out(), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class T>
  void sample(T value) {
    fmt::format_to(out(), "{} {}\n", name_, value);
  }
  // `labels` without braces: method="GET"
  template <class T>
  void sample(std::string_view labels, T value) {
    fmt::format_to(out(), "{}{{{}}} {}\n", name_, labels, value);
  }
  template <class T>
  void single(std::string_view name, std::string_view type, std::string_view help, T value) {
    family(name, type, help);
    sample(value);
  }

  void histogram(std::string_view name, std::string_view help, const HistogramTotals& totals) {
    family(name, "histogram", help);
    uint64_t count = 0;
    for (size_t i = 0; i < totals.buckets.size(); ++i) {
      count += totals.buckets[i];
      std::string bound = i < kBuckets.size() ? fmt::format("{}", seconds(kBuckets[i])) : "+Inf";
      fmt::format_to(out(), "{}_bucket{{le=\"{}\"}} {}\n", name, bound, count);
    }
    fmt::format_to(out(), "{}_sum {}\n{}_count {}\n", name, seconds(totals.sum), name, count);
  }

  std::string take() { return std::move(text_); }

 private:
  std::back_insert_iterator<std::string> out() { return std::back_inserter(text_); }
  std::string text_;
  std::string_view name_;
};

void write_requests(Writer& writer, const Snapshot& snapshot) {
  const Totals& totals = snapshot.totals;
  double uptime = seconds(snapshot.uptime);
  uint64_t requests = totals.all_requests;
  writer.single("tokio_php_uptime_seconds", "gauge", "Time since the server started.", uptime);
  writer.single("tokio_php_requests_per_second", "gauge", "Requests per second since the start.",
                uptime > 0 ? static_cast<double>(requests) / uptime : 0.0);
  double answered = 0;
  for (uint64_t count : totals.responses) answered += static_cast<double>(count);
  writer.single("tokio_php_response_time_avg_seconds", "gauge", "Average response time.",
                answered > 0 ? seconds(totals.request_duration.sum) / answered : 0.0);
  writer.single("tokio_php_active_connections", "gauge", "Open connections.",
                totals.active_connections());
  writer.single("tokio_php_pending_requests", "gauge", "Requests that wait for a worker.",
                snapshot.pool.waiting);
  writer.single("tokio_php_dropped_requests", "gauge",
                "Requests refused for want of room: queue full or too slow, no spool.",
                totals.dropped);

  writer.family("tokio_php_requests_total", "counter", "Requests by method.");
  for (size_t i = 0; i < kMethods.size(); ++i) {
    writer.sample(fmt::format("method=\"{}\"", kMethods[i]), totals.requests[i]);
  }
  writer.family("tokio_php_responses_total", "counter", "Responses by class of status.");
  for (size_t i = 0; i < kStatusClasses; ++i) {
    writer.sample(fmt::format("status=\"{}xx\"", i + 1), totals.responses[i]);
  }
  writer.histogram("tokio_php_request_duration_seconds",
                   "From the end of a request's head to the last byte of its answer.",
                   totals.request_duration);
  writer.histogram("tokio_php_queue_duration_seconds", "Time that requests waited for a worker.",
                   totals.queue_duration);
  writer.histogram("tokio_php_php_duration_seconds", "Time that PHP worked on requests.",
                   totals.php_duration);
  writer.single("tokio_php_timeouts_total", "counter", "Requests ended by REQUEST_TIMEOUT.",
                totals.timeouts + snapshot.pool.abandoned_timeouts);
  writer.single("tokio_php_slow_requests_total", "counter",
                "Requests that PHP ran for longer than SLOW_REQUEST.", snapshot.pool.slow_requests);
  writer.single("tokio_php_rate_limited_total", "counter", "Requests refused by RATE_LIMIT.",
                totals.limited);
  writer.single("tokio_php_received_bytes_total", "counter", "Bytes of request bodies.",
                totals.received_bytes);
  writer.single("tokio_php_sent_bytes_total", "counter", "Bytes of response bodies.",
                totals.sent_bytes);
  writer.single("tokio_php_spool_bytes", "gauge",
                "Bytes of bodies and responses that are in SPOOL_DIR.", snapshot.spool_bytes);
  writer.single("tokio_php_log_lines_dropped_total", "counter",
                "Log lines lost because the log could not take them.", snapshot.log_lines_dropped);
  writer.single("tokio_php_spans_exported_total", "counter", "Spans that the collector has taken.",
                snapshot.spans.exported);
  writer.single("tokio_php_spans_dropped_total", "counter",
                "Spans lost: too many waited, or the collector did not take them.",
                snapshot.spans.dropped);
}

void write_rate_store(Writer& writer, const serve::RateStoreStatus& store) {
  writer.single("tokio_php_rate_limit_store_up", "gauge",
                "Whether clients are counted over several servers (RATE_LIMIT_STORE).",
                store.up ? 1 : 0);
  writer.single("tokio_php_rate_limit_store_errors_total", "counter",
                "Failures to connect to RATE_LIMIT_STORE, round trips and answers that failed.",
                store.errors);
}

void write_defences(Writer& writer, const Totals& totals) {
  writer.family(
      "tokio_php_connection_limits_total", "counter",
      "Clients refused by max_connections_per_ip, and pauses of accepting for the others.");
  for (size_t i = 0; i < kLimitNames.size(); ++i) {
    writer.sample(fmt::format("limit=\"{}\"", kLimitNames[i]), totals.connection_limits[i]);
  }
  writer.family("tokio_php_floods_total", "counter",
                "HTTP/2 connections ended as floods, by kind.");
  for (size_t i = 0; i < http::kHttp2Costs; ++i) {
    writer.sample(fmt::format("kind=\"{}\"", serve::name_of(static_cast<http::Http2Cost>(i))),
                  totals.floods[i]);
  }
}

void write_workers(Writer& writer, const Snapshot& snapshot) {
  writer.family("tokio_php_workers", "gauge", "Workers by state.");
  for (const pool::PoolStatus& pool : snapshot.pools) {
    for (WorkerPhase phase : kPhases) {
      auto count = std::ranges::count_if(snapshot.workers, [&](const WorkerSnapshot& worker) {
        return worker.status.pool == pool.name && worker.status.phase == phase;
      });
      writer.sample(fmt::format("pool=\"{}\",state=\"{}\"", label_value(pool.name), name_of(phase)),
                    count);
    }
  }
  writer.family("tokio_php_worker_memory_bytes", "gauge", "Memory a worker shares with nobody.");
  for (const WorkerSnapshot& worker : snapshot.workers) {
    if (worker.status.pid == 0) continue;
    writer.sample(fmt::format("pool=\"{}\",worker=\"{}\"", label_value(worker.status.pool),
                              worker.status.worker),
                  worker.memory);
  }
  writer.family("tokio_php_worker_restarts_total", "counter",
                "Workers replaced or, when idle, ended, by cause.");
  for (size_t cause = 0; cause < pool::kRestartNames.size(); ++cause) {
    writer.sample(fmt::format("cause=\"{}\"", pool::kRestartNames[cause]),
                  snapshot.pool.restarts[static_cast<pool::Restart>(cause)]);
  }
}

void write_machine(Writer& writer, const MachineStatus& machine) {
  uint64_t used = machine.memory_total - std::min(machine.memory_available, machine.memory_total);
  auto total = static_cast<double>(std::max<uint64_t>(machine.memory_total, 1));
  writer.single("tokio_php_memory_usage_percent", "gauge", "Used memory of the machine.",
                100.0 * static_cast<double>(used) / total);
  writer.single("node_load1", "gauge", "Load average over 1 minute.", machine.load[0]);
  writer.single("node_load5", "gauge", "Load average over 5 minutes.", machine.load[1]);
  writer.single("node_load15", "gauge", "Load average over 15 minutes.", machine.load[2]);
  writer.single("node_memory_MemTotal_bytes", "gauge", "Memory of the machine.",
                machine.memory_total);
  writer.single("node_memory_MemAvailable_bytes", "gauge", "Memory that programs could get.",
                machine.memory_available);
  writer.single("node_memory_MemUsed_bytes", "gauge", "Memory that programs could not get.", used);
}

}  // namespace

std::string metrics_text(const Snapshot& snapshot) {
  Writer writer;
  write_requests(writer, snapshot);
  write_defences(writer, snapshot.totals);
  if (snapshot.rate_store) write_rate_store(writer, *snapshot.rate_store);
  write_workers(writer, snapshot);
  write_machine(writer, snapshot.machine);
  return writer.take();
}

}  // namespace howdah::ops

#include "ops/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <thread>

#include "ops/metrics_text.h"

namespace howdah::ops {
namespace {

using base::kMillisecond;
using ::testing::HasSubstr;
using ::testing::Not;

serve::ExchangeReport report(std::string_view method, int status) {
  serve::ExchangeReport report;
  report.method = method;
  report.status = status;
  report.duration = 3 * kMillisecond;
  return report;
}

TEST(Metrics, AddsUpWhatAllLoopsCounted) {
  Metrics metrics(2);
  metrics.loop(0).on_exchange(report("GET", 200));
  metrics.loop(1).on_exchange(report("GET", 404));
  metrics.loop(1).on_exchange(report("PROPFIND", 207));
  metrics.loop(1).on_exchange(report("", 400));
  Totals totals = metrics.totals();
  EXPECT_EQ(totals.all_requests, 3U);
  EXPECT_EQ(totals.requests.front(), 2U);
  EXPECT_EQ(totals.requests.back(), 1U);
  EXPECT_EQ(totals.responses[1], 2U);
  EXPECT_EQ(totals.responses[3], 2U);
}

TEST(Metrics, CountsWhatWasRefusedForWantOfRoom) {
  Metrics metrics(2);
  serve::ExchangeReport refused = report("GET", 503);
  refused.dropped = true;
  metrics.loop(0).on_exchange(refused);
  metrics.loop(1).on_exchange(refused);
  metrics.loop(1).on_exchange(report("GET", 503));  // PHP's own
  EXPECT_EQ(metrics.totals().dropped, 2U);
}

TEST(Metrics, CountsConnectionsThatAreOpen) {
  Metrics metrics(1);
  metrics.loop(0).on_connection_opened();
  metrics.loop(0).on_connection_opened();
  metrics.loop(0).on_connection_closed();
  EXPECT_EQ(metrics.totals().active_connections(), 1U);
}

TEST(Metrics, PhpTimesAreOfRequestsThatReachedAWorker) {
  Metrics metrics(1);
  metrics.loop(0).on_exchange(report("GET", 200));
  serve::ExchangeReport php = report("GET", 200);
  php.worker = 0;
  php.php_time = 2 * kMillisecond;
  php.queue_time = kMillisecond;
  metrics.loop(0).on_exchange(php);
  Totals totals = metrics.totals();
  EXPECT_EQ(totals.request_duration.sum, 6 * kMillisecond);
  EXPECT_EQ(totals.php_duration.sum, 2 * kMillisecond);
  EXPECT_EQ(totals.queue_duration.sum, kMillisecond);
}

TEST(Metrics, ABucketHoldsItsUpperBound) {
  Histogram histogram;
  histogram.add(kBuckets[0]);
  histogram.add(kBuckets[0] + 1);
  histogram.add(kBuckets.back() + 1);
  HistogramTotals totals;
  histogram.add_to(totals);
  EXPECT_EQ(totals.buckets[0], 1U);
  EXPECT_EQ(totals.buckets[1], 1U);
  EXPECT_EQ(totals.buckets.back(), 1U);
}

TEST(Metrics, CanBeReadWhileItCounts) {
  Metrics metrics(1);
  std::jthread loop([&] {
    for (int i = 0; i < 10000; ++i) metrics.loop(0).on_exchange(report("GET", 200));
  });
  uint64_t last = 0;
  while (last < 10000) {
    uint64_t now = metrics.totals().all_requests;
    ASSERT_GE(now, last);
    last = now;
  }
}

MetricsSnapshot snapshot() {
  MetricsSnapshot snapshot;
  snapshot.totals.requests[0] = 7;
  snapshot.totals.all_requests = 7;
  snapshot.totals.responses[1] = 7;
  snapshot.totals.request_duration.buckets[2] = 7;
  snapshot.totals.request_duration.sum = 14 * kMillisecond;
  snapshot.uptime = 2 * base::kSecond;
  snapshot.pools = {"classic", "w\".php"};
  snapshot.workers = {
      {.pool = "classic", .worker = 0, .pid = 5, .phase = pool::WorkerPhase::kIdle},
      {.pool = "w\".php", .worker = 0, .pid = 6, .phase = pool::WorkerPhase::kBusy},
      {.pool = "w\".php", .worker = 1, .pid = 7, .phase = pool::WorkerPhase::kBusy}};
  snapshot.memory = {{"classic", 0, 4096}};
  snapshot.totals.dropped = 3;
  snapshot.totals.floods[static_cast<size_t>(http::Http2Cost::kContinuation)] = 4;
  snapshot.totals.connection_limits[static_cast<size_t>(serve::ConnectionLimit::kAll)] = 5;
  snapshot.machine.memory_total = 1000;
  snapshot.machine.memory_available = 250;
  return snapshot;
}

TEST(MetricsText, HasTheNamesOfTheContract) {
  std::string text = metrics_text(snapshot());
  for (std::string_view line :
       {"tokio_php_uptime_seconds 2\n",
        "tokio_php_requests_per_second 3.5\n",
        "tokio_php_response_time_avg_seconds 0.002\n",
        "tokio_php_requests_total{method=\"GET\"} 7\n",
        "tokio_php_requests_total{method=\"OTHER\"} 0\n",
        "tokio_php_responses_total{status=\"2xx\"} 7\n",
        "tokio_php_dropped_requests 3\n",
        "tokio_php_floods_total{kind=\"continuation\"} 4\n",
        "tokio_php_floods_total{kind=\"reset\"} 0\n",
        "tokio_php_connection_limits_total{limit=\"max_connections\"} 5\n",
        "tokio_php_request_duration_seconds_bucket{le=\"0.001\"} 0\n",
        "tokio_php_request_duration_seconds_bucket{le=\"0.0025\"} 7\n",
        "tokio_php_request_duration_seconds_bucket{le=\"+Inf\"} 7\n",
        "tokio_php_request_duration_seconds_count 7\n",
        "tokio_php_workers{pool=\"classic\",state=\"idle\"} 1\n",
        "tokio_php_workers{pool=\"classic\",state=\"busy\"} 0\n",
        "tokio_php_workers{pool=\"w\\\".php\",state=\"busy\"} 2\n",
        "tokio_php_worker_memory_bytes{pool=\"classic\",worker=\"0\"} 4096\n",
        "tokio_php_worker_restarts_total{cause=\"crash\"} 0\n",
        "tokio_php_worker_restarts_total{cause=\"script\"} 0\n",
        "tokio_php_worker_restarts_total{cause=\"boot\"} 0\n",
        "tokio_php_memory_usage_percent 75\n",
        "node_memory_MemUsed_bytes 750\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

// The rules of the format that `promtool check metrics` reports, as far as they can be told apart
// from a text: HELP and TYPE once and before the samples, no family in two pieces, counters named
// so.
TEST(MetricsText, FamiliesAreInOnePieceWithHelpAndType) {
  std::istringstream lines(metrics_text(snapshot()));
  std::set<std::string> seen;
  std::string family;
  std::string type;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first, second, name;
    words >> first;
    if (first == "#") {
      words >> second >> name;
      if (second == "HELP") {
        EXPECT_TRUE(seen.insert(name).second) << name << " comes twice";
        family = name;
      } else {
        EXPECT_EQ(name, family);
        words >> type;
        EXPECT_EQ(type == "counter", name.ends_with("_total")) << name;
      }
      continue;
    }
    std::string sample = first.substr(0, first.find('{'));
    if (type == "histogram") sample.resize(sample.rfind('_'));
    EXPECT_EQ(sample, family);
  }
  EXPECT_GT(seen.size(), 20U);
}

TEST(Machine, ReadsMeminfo) {
  MachineStatus status;
  parse_meminfo("MemTotal:       2000 kB\nMemFree: 1 kB\nMemAvailable:  500 kB\n", status);
  EXPECT_EQ(status.memory_total, 2048000U);
  EXPECT_EQ(status.memory_available, 512000U);
}

}  // namespace
}  // namespace howdah::ops

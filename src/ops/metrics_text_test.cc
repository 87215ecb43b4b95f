#include "ops/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace howdah::ops {
namespace {

using base::kMillisecond;
using ::testing::HasSubstr;

Snapshot snapshot() {
  Snapshot snapshot;
  snapshot.totals.requests[0] = 7;
  snapshot.totals.all_requests = 7;
  snapshot.totals.responses[1] = 7;
  snapshot.totals.request_duration.buckets[4] = 7;  // 1 to 2.5 ms
  snapshot.totals.request_duration.sum = 14 * kMillisecond;
  snapshot.uptime = 2 * base::kSecond;
  snapshot.pools = {{.name = "classic", .php_version = ""},
                    {.name = "w\".php", .php_version = ""},
                    {.name = "new\nline\\", .php_version = ""}};
  snapshot.workers = {
      {{.pool = "classic", .worker = 0, .pid = 5, .phase = pool::WorkerPhase::kIdle}, 4096},
      {{.pool = "w\".php", .worker = 0, .pid = 6, .phase = pool::WorkerPhase::kBusy}},
      {{.pool = "w\".php", .worker = 1, .pid = 0, .phase = pool::WorkerPhase::kBusy}}};
  snapshot.spool_bytes = 12;
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
        "tokio_php_spool_bytes 12\n",
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
        "tokio_php_workers{pool=\"new line\\\\\",state=\"idle\"} 0\n",
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

}  // namespace
}  // namespace howdah::ops

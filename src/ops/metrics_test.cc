#include "ops/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "ops/machine.h"

namespace howdah::ops {
namespace {

using base::kMillisecond;

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

TEST(Metrics, BucketsReachFromAMillisecondToTheLongestRequest) {
  EXPECT_LE(kBuckets.front(), kMillisecond);
  EXPECT_EQ(kBuckets.back(), 120 * base::kSecond);
  EXPECT_TRUE(std::ranges::is_sorted(kBuckets));
}

TEST(Metrics, RemembersWhatFailedAndWhatTookLong) {
  Metrics metrics(2);
  metrics.loop(0).on_exchange(report("GET", 404));
  metrics.loop(1).on_exchange(report("PUT", 500));
  serve::ExchangeReport slow = report("GET", 200);
  slow.duration = kSlowAnswer;
  metrics.loop(0).on_exchange(slow);
  ASSERT_EQ(metrics.failed().size(), 1U);
  EXPECT_EQ(word(metrics.failed()[0].method), "PUT");
  ASSERT_EQ(metrics.slow().size(), 1U);
  EXPECT_EQ(metrics.slow()[0].status, 200);
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

TEST(Machine, ReadsMeminfo) {
  MachineStatus status;
  parse_meminfo("MemTotal:       2000 kB\nMemFree: 1 kB\nMemAvailable:  500 kB\n", status);
  EXPECT_EQ(status.memory_total, 2048000U);
  EXPECT_EQ(status.memory_available, 512000U);
}

}  // namespace
}  // namespace howdah::ops

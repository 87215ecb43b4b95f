#include "ops/rate_window.h"

#include <gtest/gtest.h>

namespace howdah::ops {
namespace {

using base::kMillisecond;
using base::kSecond;

Totals totals(uint64_t requests) {
  Totals totals;
  totals.all_requests = requests;
  totals.sent_bytes = requests * 10;
  totals.responses[1] = requests;
  totals.request_duration.buckets[3] = requests;  // 0.5 to 1 ms
  return totals;
}

TEST(RateWindow, TheFirstLookIsSinceTheStart) {
  RateWindow window(0);
  window.add(4 * kSecond, totals(8));
  EXPECT_EQ(window.rates().seconds, 4);
  EXPECT_EQ(window.rates().requests, 2);
  EXPECT_EQ(window.latency().requests, 8U);
}

TEST(RateWindow, RatesAreOfTheLastSecond) {
  RateWindow window(0);
  for (int i = 1; i <= 30; ++i) window.add(i * kSecond, totals(100));
  window.add(31 * kSecond, totals(150));
  Rates rates = window.rates();
  EXPECT_EQ(rates.seconds, 1);
  EXPECT_EQ(rates.requests, 50);
  EXPECT_EQ(rates.sent_bytes, 500);
  EXPECT_EQ(rates.responses[1], 50);
}

TEST(RateWindow, WhoLooksOftenGetsNoShorterSpan) {
  RateWindow window(0);
  for (int i = 1; i <= 1000; ++i) {
    window.add(i * 10 * kMillisecond, totals(static_cast<uint64_t>(i)));
  }
  EXPECT_GE(window.rates().seconds, 0.9);
  EXPECT_LT(window.rates().seconds, 2);
  EXPECT_NEAR(window.rates().requests, 100, 1);
}

TEST(RateWindow, DurationsAreOfTheLastTenSeconds) {
  RateWindow window(0);
  Totals now = totals(1000);
  window.add(kSecond, now);
  for (int i = 2; i <= 20; ++i) {
    now.request_duration.buckets[6] += 1;  // 5 to 10 ms
    window.add(i * kSecond, now);
  }
  Latency latency = window.latency();
  EXPECT_EQ(latency.seconds, 10);
  EXPECT_EQ(latency.requests, 10U);
  EXPECT_EQ(latency.p50, 7500 * base::kMicrosecond);
  window.add(200 * kSecond, now);
  window.add(211 * kSecond, now);
  EXPECT_EQ(window.latency().requests, 0U);
}

TEST(Quantile, LiesBetweenTheBoundsOfItsBucket) {
  HistogramTotals counted;
  EXPECT_EQ(quantile(counted, 0.5), 0);
  counted.buckets[4] = 100;  // 1 to 2.5 ms
  EXPECT_EQ(quantile(counted, 0.5), 1750 * base::kMicrosecond);
  EXPECT_EQ(quantile(counted, 1), 2500 * base::kMicrosecond);
  counted.buckets[0] = 300;
  EXPECT_NEAR(quantile(counted, 0.5), quantile(counted, 0.25) * 2, 2);
  EXPECT_LE(quantile(counted, 0.75), kBuckets[0]);
  counted.buckets.back() = 1000;
  EXPECT_EQ(quantile(counted, 0.99), kBuckets.back());
}

}  // namespace
}  // namespace howdah::ops

#pragma once

// Counts of what clients asked for and what they got.
//
// Every event loop counts into a shard of its own with plain relaxed stores, so that counting costs
// no lock and no shared cache line; whoever wants the numbers adds the shards up.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "ops/recent.h"
#include "serve/observer.h"

namespace howdah::ops {

// Methods that are counted by name; all others are OTHER, the last.
inline constexpr std::array<std::string_view, 9> kMethods = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "OTHER"};
inline constexpr size_t kStatusClasses = 5;  // 1xx .. 5xx

// Upper bounds of the histograms' buckets; the last bucket has none. Up to REQUEST_TIMEOUT's
// default.
inline constexpr std::array<base::Nanos, 19> kBuckets = {
    100 * base::kMicrosecond, 250 * base::kMicrosecond,  500 * base::kMicrosecond,
    1 * base::kMillisecond,   2500 * base::kMicrosecond, 5 * base::kMillisecond,
    10 * base::kMillisecond,  25 * base::kMillisecond,   50 * base::kMillisecond,
    100 * base::kMillisecond, 250 * base::kMillisecond,  500 * base::kMillisecond,
    1 * base::kSecond,        2500 * base::kMillisecond, 5 * base::kSecond,
    10 * base::kSecond,       30 * base::kSecond,        60 * base::kSecond,
    120 * base::kSecond};

struct HistogramTotals {
  std::array<uint64_t, kBuckets.size() + 1> buckets{};  // not cumulative
  base::Nanos sum = 0;

  uint64_t count() const { return std::accumulate(buckets.begin(), buckets.end(), uint64_t{0}); }
};

// The numbers of all shards, or of one, at about one point in time.
struct Totals {
  std::array<uint64_t, kMethods.size()> requests{};
  std::array<uint64_t, kStatusClasses> responses{};
  uint64_t all_requests = 0;
  uint64_t timeouts = 0;
  uint64_t limited = 0;  // refused by RATE_LIMIT
  uint64_t dropped = 0;  // refused for want of room
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  uint64_t connections_opened = 0;
  uint64_t connections_closed = 0;
  std::array<uint64_t, serve::kConnectionLimits> connection_limits{};
  std::array<uint64_t, http::kHttp2Costs> floods{};  // by their cost
  HistogramTotals request_duration;
  HistogramTotals queue_duration;
  HistogramTotals php_duration;

  uint64_t active_connections() const { return connections_opened - connections_closed; }
};

// What became of the spans of requests that were sampled; both 0 when none are exported.
struct SpanCounts {
  uint64_t exported = 0;
  uint64_t dropped = 0;
};

// Written by one thread, read by any.
class Counter {
 public:
  void add(uint64_t count) {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Histogram {
 public:
  void add(base::Nanos value);
  void add_to(HistogramTotals& totals) const;

 private:
  std::array<Counter, kBuckets.size() + 1> buckets_;
  Counter sum_;
};

// One loop's numbers. Its ExchangeObserver calls come from that loop's thread alone.
class alignas(128) LoopMetrics final : public serve::ExchangeObserver {
 public:
  void on_exchange(const serve::ExchangeReport& report) override;
  void on_connection_opened() override { opened_.add(1); }
  void on_connection_closed() override { closed_.add(1); }
  void on_connection_limit(serve::ConnectionLimit limit) override {
    limits_[static_cast<size_t>(limit)].add(1);
  }
  void on_flood(http::Http2Cost cost) override { floods_[static_cast<size_t>(cost)].add(1); }
  void add_to(Totals& totals) const;
  const RecentRing& failed() const { return failed_; }
  const RecentRing& slow() const { return slow_; }

 private:
  std::array<Counter, kMethods.size()> requests_;
  std::array<Counter, kStatusClasses> responses_;
  std::array<Counter, serve::kConnectionLimits> limits_;
  std::array<Counter, http::kHttp2Costs> floods_;
  Counter timeouts_, limited_, dropped_, received_, sent_, opened_, closed_;
  Histogram duration_, queue_, php_;
  RecentRing failed_, slow_;
};

// Made before the loops run, outlives them.
class Metrics {
 public:
  explicit Metrics(size_t loops);
  LoopMetrics& loop(size_t index) { return *loops_[index]; }
  // From any thread.
  Totals totals() const;
  // Answers of 500 and above, and those that took kSlowAnswer: the last ones, newest first.
  std::vector<RecentRequest> failed() const { return newest(&LoopMetrics::failed); }
  std::vector<RecentRequest> slow() const { return newest(&LoopMetrics::slow); }

 private:
  std::vector<RecentRequest> newest(const RecentRing& (LoopMetrics::*ring)() const) const;

  std::vector<std::unique_ptr<LoopMetrics>> loops_;
};

}  // namespace howdah::ops

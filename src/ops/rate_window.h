#pragma once

// What has happened lately, out of counters that only grow: requests a second, and how long
// answers took. Nothing is counted for it: it compares the counters of two points in time.

#include <array>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "ops/metrics.h"

namespace howdah::ops {

// Rates are of about the last second, durations of the last ten, as far as somebody has looked: who
// looks once an hour sees an hour.
inline constexpr base::Nanos kRateSpan = 900 * base::kMillisecond;
inline constexpr base::Nanos kLatencySpan = 10 * base::kSecond;

struct Rates {
  double seconds = 0;  // over which time
  double requests = 0;
  double received_bytes = 0;
  double sent_bytes = 0;
  std::array<double, kStatusClasses> responses{};
};

struct Latency {
  double seconds = 0;     // over which time
  uint64_t requests = 0;  // that ended in it
  // Of half, 90 % and 99 % of them; 0 when there were none.
  base::Nanos p50 = 0;
  base::Nanos p90 = 0;
  base::Nanos p99 = 0;
};

// The value that `share` (0..1) of the counted ones do not pass, as far as the buckets tell:
// between the bounds of the bucket it lies in, as if that were filled evenly. In the last one: its
// lower bound. 0 when nothing was counted.
base::Nanos quantile(const HistogramTotals& counted, double share);

// Belongs to one thread.
class RateWindow {
 public:
  // All counters were 0 at `started`.
  explicit RateWindow(base::Nanos started);
  // Times grow. How often it is called only decides how fine the answers are.
  void add(base::Nanos now, const Totals& totals);

  // Up to the last add().
  Rates rates() const;
  Latency latency() const;

 private:
  struct Sample {
    base::Nanos at = 0;
    uint64_t requests = 0;
    uint64_t received_bytes = 0;
    uint64_t sent_bytes = 0;
    std::array<uint64_t, kStatusClasses> responses{};
    HistogramTotals durations;
  };
  // The newest one, at least `span` older than the last; else the oldest.
  const Sample& before(base::Nanos span) const;

  std::deque<Sample> samples_;  // never empty, the oldest first
};

}  // namespace howdah::ops

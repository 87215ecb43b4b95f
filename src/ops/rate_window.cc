#include "ops/rate_window.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace howdah::ops {
namespace {

double seconds(base::Nanos nanos) { return static_cast<double>(nanos) / base::kSecond; }

double rate(uint64_t now, uint64_t before, base::Nanos span) {
  return span > 0 ? static_cast<double>(now - before) / seconds(span) : 0.0;
}

HistogramTotals difference(const HistogramTotals& now, const HistogramTotals& before) {
  HistogramTotals difference = now;
  for (size_t i = 0; i < now.buckets.size(); ++i) difference.buckets[i] -= before.buckets[i];
  difference.sum -= before.sum;
  return difference;
}

}  // namespace

base::Nanos quantile(const HistogramTotals& counted, double share) {
  const uint64_t all = counted.count();
  if (all == 0) return 0;
  const double rank = share * static_cast<double>(all);
  double below = 0;
  for (size_t i = 0; i < kBuckets.size(); ++i) {
    const auto inside = static_cast<double>(counted.buckets[i]);
    if (inside > 0 && below + inside >= rank) {
      const base::Nanos lower = i == 0 ? 0 : kBuckets[i - 1];
      const auto width = static_cast<double>(kBuckets[i] - lower);
      return lower + std::llround(width * (rank - below) / inside);
    }
    below += inside;
  }
  return kBuckets.back();
}

RateWindow::RateWindow(base::Nanos started) { samples_.push_back({.at = started}); }

void RateWindow::add(base::Nanos now, const Totals& totals) {
  // One in kRateSpan is enough; the last one is always the newest.
  const size_t count = samples_.size();
  if (count >= 3 && samples_[count - 1].at - samples_[count - 2].at < kRateSpan) {
    samples_.pop_back();
  }
  samples_.push_back({.at = now,
                      .requests = totals.all_requests,
                      .received_bytes = totals.received_bytes,
                      .sent_bytes = totals.sent_bytes,
                      .responses = totals.responses,
                      .durations = totals.request_duration});
  while (samples_.size() > 2 && now - samples_[1].at >= kLatencySpan) samples_.pop_front();
}

const RateWindow::Sample& RateWindow::before(base::Nanos span) const {
  const base::Nanos latest = samples_.back().at - span;
  auto old = std::find_if(std::next(samples_.rbegin()), samples_.rend(),
                          [&](const Sample& sample) { return sample.at <= latest; });
  return old == samples_.rend() ? samples_.front() : *old;
}

Rates RateWindow::rates() const {
  const Sample& now = samples_.back();
  const Sample& then = before(kRateSpan);
  const base::Nanos span = now.at - then.at;
  Rates rates{.seconds = seconds(span),
              .requests = rate(now.requests, then.requests, span),
              .received_bytes = rate(now.received_bytes, then.received_bytes, span),
              .sent_bytes = rate(now.sent_bytes, then.sent_bytes, span)};
  for (size_t i = 0; i < kStatusClasses; ++i) {
    rates.responses[i] = rate(now.responses[i], then.responses[i], span);
  }
  return rates;
}

Latency RateWindow::latency() const {
  const Sample& now = samples_.back();
  const Sample& then = before(kLatencySpan);
  const HistogramTotals ended = difference(now.durations, then.durations);
  return {.seconds = seconds(now.at - then.at),
          .requests = ended.count(),
          .p50 = quantile(ended, 0.5),
          .p90 = quantile(ended, 0.9),
          .p99 = quantile(ended, 0.99)};
}

}  // namespace howdah::ops

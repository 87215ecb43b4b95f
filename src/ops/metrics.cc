#include "ops/metrics.h"

#include <algorithm>

namespace howdah::ops {
namespace {

size_t method_index(std::string_view method) {
  auto found = std::find(kMethods.begin(), kMethods.end() - 1, method);
  return static_cast<size_t>(found - kMethods.begin());
}

}  // namespace

void Histogram::add(base::Nanos value) {
  auto bucket = std::ranges::lower_bound(kBuckets, value);
  buckets_[static_cast<size_t>(bucket - kBuckets.begin())].add(1);
  sum_.add(static_cast<uint64_t>(std::max<base::Nanos>(value, 0)));
}

void Histogram::add_to(HistogramTotals& totals) const {
  for (size_t i = 0; i < buckets_.size(); ++i) totals.buckets[i] += buckets_[i].value();
  totals.sum += static_cast<base::Nanos>(sum_.value());
}

void LoopMetrics::on_exchange(const serve::ExchangeReport& report) {
  // What could not be read is an answer without a request.
  if (!report.method.empty()) requests_[method_index(report.method)].add(1);
  auto status_class = static_cast<size_t>(report.status / 100);
  if (status_class >= 1 && status_class <= kStatusClasses) responses_[status_class - 1].add(1);
  received_.add(report.received_bytes);
  sent_.add(report.sent_bytes);
  if (report.timed_out) timeouts_.add(1);
  if (report.limited) limited_.add(1);
  if (report.dropped) dropped_.add(1);
  duration_.add(report.duration);
  if (report.status >= 500) failed_.add(RecentRequest::of(report));
  if (report.duration >= kSlowAnswer) slow_.add(RecentRequest::of(report));
  if (report.worker < 0) return;
  queue_.add(report.queue_time);
  php_.add(report.php_time);
}

void LoopMetrics::add_to(Totals& totals) const {
  for (size_t i = 0; i < requests_.size(); ++i) {
    totals.requests[i] += requests_[i].value();
    totals.all_requests += requests_[i].value();
  }
  for (size_t i = 0; i < responses_.size(); ++i) totals.responses[i] += responses_[i].value();
  totals.timeouts += timeouts_.value();
  totals.limited += limited_.value();
  totals.dropped += dropped_.value();
  totals.received_bytes += received_.value();
  totals.sent_bytes += sent_.value();
  // Closed first: a connection that comes and goes meanwhile must not make the difference negative.
  totals.connections_closed += closed_.value();
  totals.connections_opened += opened_.value();
  for (size_t i = 0; i < limits_.size(); ++i) totals.connection_limits[i] += limits_[i].value();
  for (size_t i = 0; i < floods_.size(); ++i) totals.floods[i] += floods_[i].value();
  duration_.add_to(totals.request_duration);
  queue_.add_to(totals.queue_duration);
  php_.add_to(totals.php_duration);
}

Metrics::Metrics(size_t loops) {
  for (size_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<LoopMetrics>());
}

Totals Metrics::totals() const {
  Totals totals;
  for (const auto& loop : loops_) loop->add_to(totals);
  return totals;
}

std::vector<RecentRequest> Metrics::newest(const RecentRing& (LoopMetrics::*ring)() const) const {
  std::vector<RecentRequest> all;
  for (const auto& loop : loops_) ((*loop).*ring)().copy_to(all);
  keep_newest(all);
  return all;
}

}  // namespace howdah::ops

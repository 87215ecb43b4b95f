#pragma once

// What happens at the end of every exchange: it is counted, written to the access log when
// there is one, and kept for tracing when its trace is sampled.

#include <atomic>
#include <cstddef>
#include <optional>

#include "ops/access_log.h"
#include "ops/metrics.h"
#include "ops/span_rings.h"
#include "serve/observer.h"

namespace howdah::app {

// One for all loops. Each loop's thread says once which loop it is and then counts into that loop's
// numbers alone.
class ExchangeLog final : public serve::ExchangeObserver {
 public:
  // `access` may be null. Both outlive this.
  // `spans` likewise: null when no traces are exported.
  ExchangeLog(ops::Metrics& metrics, const ops::AccessLog* access, ops::SpanRings* spans)
      : metrics_(metrics), access_(access), spans_(spans) {}
  // From any thread; null = no access log.
  void use_access_log(const ops::AccessLog* access) { access_ = access; }
  static void bind_thread(size_t loop) { loop_ = loop; }

  void on_exchange(const serve::ExchangeReport& report) override {
    metrics_.loop(loop_).on_exchange(report);
    const ops::AccessLog* access = access_.load(std::memory_order_relaxed);
    if (access != nullptr) access->write(report);
    if (spans_ != nullptr && report.trace->sampled()) {
      spans_->ring(loop_).write(report, base::wall_now());
    }
  }
  void on_connection_opened() override { metrics_.loop(loop_).on_connection_opened(); }
  void on_connection_closed() override { metrics_.loop(loop_).on_connection_closed(); }
  void on_connection_limit(serve::ConnectionLimit limit) override {
    metrics_.loop(loop_).on_connection_limit(limit);
  }
  void on_flood(http::Http2Cost cost) override { metrics_.loop(loop_).on_flood(cost); }

 private:
  static inline thread_local size_t loop_ = 0;
  ops::Metrics& metrics_;
  std::atomic<const ops::AccessLog*> access_;
  ops::SpanRings* const spans_;
};

}  // namespace howdah::app

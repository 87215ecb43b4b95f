#pragma once

// What happens at the end of every exchange: it is counted, and written to the access log when
// there is one.

#include <atomic>
#include <cstddef>
#include <optional>

#include "ops/access_log.h"
#include "ops/metrics.h"
#include "serve/observer.h"

namespace howdah::app {

// One for all loops. Each loop's thread says once which loop it is and then counts into that loop's
// numbers alone.
class ExchangeLog final : public serve::ExchangeObserver {
 public:
  // `access` may be null. Both outlive this.
  ExchangeLog(ops::Metrics& metrics, const ops::AccessLog* access)
      : metrics_(metrics), access_(access) {}
  // From any thread; null = no access log.
  void use_access_log(const ops::AccessLog* access) { access_ = access; }
  static void bind_thread(size_t loop) { loop_ = loop; }

  void on_exchange(const serve::ExchangeReport& report) override {
    metrics_.loop(loop_).on_exchange(report);
    const ops::AccessLog* access = access_.load(std::memory_order_relaxed);
    if (access != nullptr) access->write(report);
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
};

}  // namespace howdah::app

#include "serve/rate_limiter.h"

#include <algorithm>

#include "base/random.h"

namespace howdah::serve {
namespace {

// Of all who come by a unix socket. No client's: a multicast network.
constexpr uint64_t kUnixKey = ~uint64_t{0};

uint64_t key_of(const std::optional<net::IpAddress>& client) {
  return client ? net::client_key(*client) : kUnixKey;
}

uint64_t random_seed() {
  uint64_t seed;
  base::kernel_random(&seed, sizeof seed);
  return seed;
}

}  // namespace

uint64_t LimitWindow::reset() const {
  return static_cast<uint64_t>((left + base::kSecond - 1) / base::kSecond);
}

LimitWindow window_at(base::Nanos wall, base::Nanos length) {
  return {static_cast<uint32_t>(wall / length), length - wall % length};
}

RateLimiter::RateLimiter(RateLimits limits, Clock wall_clock) : wall_clock_(wall_clock) {
  configure(limits);
}

void RateLimiter::configure(RateLimits limits) {
  if (limits.requests != 0 && !table_) table_ = std::make_unique<RateTable>(random_seed());
  window_.store(limits.window, std::memory_order_relaxed);
  requests_.store(limits.requests, std::memory_order_release);
}

AdmissionDecision RateLimiter::decide(const std::optional<net::IpAddress>& client) {
  uint32_t limit = requests_.load(std::memory_order_acquire);
  if (limit == 0) return {};
  LimitWindow window = window_at(wall_clock_(), window_.load(std::memory_order_relaxed));
  uint32_t count = table_->add(key_of(client), window.number);
  return {.admitted = count <= limit,
          .limited = true,
          .limit = limit,
          .remaining = limit - std::min(count, limit),
          .reset_seconds = window.reset()};
}

AdmissionTicketPtr RateLimiter::ask(const std::optional<net::IpAddress>& client,
                                    const AdmissionDecision& decided, net::EventLoop& loop,
                                    AdmissionWaiter& waiter) {
  if (store_ == nullptr || !store_->up()) return nullptr;
  base::Nanos length = window_.load(std::memory_order_relaxed);
  auto ticket = std::make_shared<AdmissionTicket>(&waiter);
  bool asked = store_->ask({.client = client,
                            .table = table_.get(),
                            .key = key_of(client),
                            .window = window_at(wall_clock_(), length).number,
                            .length = length,
                            .local = decided,
                            .loop = &loop,
                            .ticket = ticket});
  return asked ? ticket : nullptr;
}

}  // namespace howdah::serve

#pragma once

// RATE_LIMIT and RATE_WINDOW: so many requests of one client in each window of time.
//
// Windows are fixed and begin at multiples of their length since the epoch, so that all processes
// of all machines have the same ones. docs/limits.md says what counts as one client.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "net/ip_address.h"
#include "serve/observer.h"
#include "serve/rate_store.h"
#include "serve/rate_table.h"

namespace howdah::serve {

struct RateLimits {
  uint32_t requests = 0;               // 0 = no limit
  base::Nanos window = base::kSecond;  // more than 0
};

// The window that a point in time lies in.
struct LimitWindow {
  uint32_t number;         // those of long ago had it too
  base::Nanos left;        // until its end
  uint64_t reset() const;  // `left` in whole seconds, at least 1
};
LimitWindow window_at(base::Nanos wall, base::Nanos length);

// One for all loops. decide() is for any thread, configure() for one at a time.
class RateLimiter final : public Admission {
 public:
  using Clock = base::Nanos (*)();
  // `wall_clock` is another than the real one in tests.
  explicit RateLimiter(RateLimits limits, Clock wall_clock = base::wall_now);

  // For requests from now on. The counts stay, unless the window's length changes.
  void configure(RateLimits limits);
  // Null = there is none (any more). Not beside decide() and ask().
  void use_store(RateStore* store) { store_ = store; }
  AdmissionDecision decide(const std::optional<net::IpAddress>& client) override;
  // Only about those who were let in here: who is over the limit here is over that of all.
  AdmissionTicketPtr ask(const std::optional<net::IpAddress>& client,
                         const AdmissionDecision& decided, net::EventLoop& loop,
                         AdmissionWaiter& waiter) override;

 private:
  const Clock wall_clock_;
  RateStore* store_ = nullptr;
  std::unique_ptr<RateTable> table_;  // made when there is a limit first, and kept
  std::atomic<base::Nanos> window_{0};
  // What makes the others visible: table_ is there when this is not 0.
  std::atomic<uint32_t> requests_{0};
};

}  // namespace howdah::serve

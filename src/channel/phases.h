#pragma once

// Where the time of one request went in its worker (PROFILE=1): a clock that is always in exactly
// one phase, so that the phases together are all of the time. Off, it reads no clock.

#include <array>
#include <cstdint>
#include <utility>

#include "base/clock.h"

namespace howdah::channel {

enum class Phase : uint8_t {
  kStartup,   // from being claimed to the script's first line
  kScript,    // without the next
  kOutput,    // PHP's output on its way into the ring: encoding, waiting for room
  kShutdown,  // from the script's last line on
};
inline constexpr size_t kPhases = 4;

// What a worker sends along with a head or an end. Monotonic nanoseconds; by an honest worker
// claimed_at and all of `spent` add up to `until`.
struct PhaseTimes {
  int64_t claimed_at;
  int64_t until;
  std::array<int64_t, kPhases> spent;  // by Phase
};

// One per worker. A copy costs nothing that matters to a longjmp.
class PhaseClock {
 public:
  bool on() const { return on_; }
  void begin(int64_t claimed_at) {
    on_ = true;
    phase_ = Phase::kStartup;
    times_ = {.claimed_at = claimed_at, .until = claimed_at, .spent = {}};
  }
  void stop() { on_ = false; }
  // Returns the phase before.
  Phase enter(Phase phase) {
    if (!on_) return phase;
    const int64_t now = base::monotonic_now();
    times_.spent[static_cast<size_t>(phase_)] += now - times_.until;
    times_.until = now;
    return std::exchange(phase_, phase);
  }
  // Up to now.
  const PhaseTimes& times() {
    enter(phase_);
    return times_;
  }

 private:
  bool on_ = false;
  Phase phase_ = Phase::kStartup;
  PhaseTimes times_{};
};

}  // namespace howdah::channel

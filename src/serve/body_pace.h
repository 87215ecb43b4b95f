#pragma once

// Does a request's body come as fast as BODY_TIMEOUT asks for?

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace howdah::serve {

// Of one body at a time. Bytes only note the time; whoever has the timer arms it with next_look()
// at the beginning, and again when it is due.
class BodyPace {
 public:
  void begin(base::Nanos now) { began_ = last_ = now; }
  void note(base::Nanos now) { last_ = now; }
  // When to look again, after `received` bytes. Nothing: no byte for `limit`, or after `limit`
  // fewer than kBodyBytesPerSecond on average. `limit` is not 0.
  std::optional<base::Nanos> next_look(base::Nanos now, base::Nanos limit, uint64_t received) const;

 private:
  base::Nanos began_ = 0;
  base::Nanos last_ = 0;
};

}  // namespace howdah::serve

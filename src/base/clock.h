#pragma once

// Time as the server measures it: nanoseconds of CLOCK_MONOTONIC, the same in every process of the
// machine, so that a deadline can be passed through shared memory.

#include <cstdint>
#include <string>

namespace howdah::base {

// Nanoseconds of CLOCK_MONOTONIC.
using Nanos = int64_t;

inline constexpr Nanos kMicrosecond = 1'000;
inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;

Nanos monotonic_now();
// Nanoseconds since the Unix epoch.
Nanos wall_now();

// A point in time after which something is given up. Nanos 0 = never.
class Deadline {
 public:
  Deadline() = default;
  static Deadline at(Nanos when) { return Deadline(when); }
  // `limit` 0 = never.
  static Deadline after(Nanos now, Nanos limit) { return Deadline(limit == 0 ? 0 : now + limit); }

  bool never() const { return when_ == 0; }
  bool passed(Nanos now) const { return when_ != 0 && now >= when_; }
  Nanos when() const { return when_; }

 private:
  explicit Deadline(Nanos when) : when_(when) {}
  Nanos when_ = 0;
};

// "2026-01-31T23:59:59.123Z" for nanoseconds since the epoch.
void append_iso8601(std::string& out, Nanos wall);
// IMF-fixdate of RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
void append_http_date(std::string& out, int64_t unix_seconds);

}  // namespace howdah::base

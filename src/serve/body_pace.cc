#include "serve/body_pace.h"

#include <algorithm>

#include "serve/limits.h"

namespace howdah::serve {

std::optional<base::Nanos> BodyPace::next_look(base::Nanos now, base::Nanos limit,
                                               uint64_t received) const {
  if (now - last_ >= limit) return std::nullopt;
  if (now - began_ < limit) return last_ + limit;
  uint64_t least = static_cast<uint64_t>((now - began_) / base::kSecond) * kBodyBytesPerSecond;
  if (received < least) return std::nullopt;
  return std::min(last_ + limit, now + kBodyRateCheck);
}

}  // namespace howdah::serve

#pragma once

// Counts what an HTTP/2 client makes the server do beside answering requests, and says when it is
// too much (limits.h has the numbers and what each is against).

#include <array>

#include "base/clock.h"
#include "http/http2_session.h"
#include "serve/limits.h"

namespace howdah::serve {

// One per connection: a bucket for each cost, that empties over time.
class FloodGuard {
 public:
  void reset(base::Nanos now);
  // False: over the limit.
  bool spend(http::Http2Cost cost, size_t amount, base::Nanos now);
  // What the server sent makes the client answer: so much more is no flood.
  void allow(http::Http2Cost cost, size_t amount);

 private:
  struct Bucket {
    uint64_t spent = 0;
    base::Nanos since = 0;  // what was spent before it has been forgiven
  };
  std::array<Bucket, http::kHttp2Costs> buckets_;
};

// For the log and the metrics: "reset".
const char* name_of(http::Http2Cost cost);

}  // namespace howdah::serve

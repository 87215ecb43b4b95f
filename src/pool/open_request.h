#pragma once

// What is said of a request when the server cannot wait for its end any longer.

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace howdah::pool {

// A request that is not over.
struct OpenRequest {
  enum class Phase {
    kReceiving,   // its body is not complete
    kQueued,      // no worker has taken it
    kRunning,     // its script runs
    kBackground,  // it is answered, its script goes on
    kSending,     // the client has not taken all of the answer; no script runs for it
  };
  std::string request;  // "GET /path", without its query
  std::string request_id, trace_id, span_id;
  Phase phase = Phase::kQueued;
  base::Nanos age = 0;
  int64_t worker = -1;  // -1 = none
  int pid = 0;          // the worker's
};

}  // namespace howdah::pool

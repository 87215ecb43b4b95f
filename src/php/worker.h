#pragma once

// One worker: takes requests and runs each through a whole PHP request cycle, until it is told to
// end. A forked process or a thread; the host (host.h) makes them.

#include <cstdint>

namespace howdah::php {

struct RequestState;

enum class WorkerEnd {
  kRetired,         // asked to end
  kBroken,          // PHP could not begin a request: a new worker is better
  kHadItsRequests,  // as many as it was to serve
  kBootFailed,      // the worker script ended before it asked for a request
};

// `state` has its channel; enter_engine() has been called in this thread. Ends after `limit`
// requests, unless that is 0. A child that a script forked never returns from here.
WorkerEnd run_worker(RequestState& state, uint32_t limit);

// As waitpid() would give it.
int wait_status_of(WorkerEnd end);

}  // namespace howdah::php

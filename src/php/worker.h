#pragma once

// One worker: takes requests and runs each through a whole PHP request cycle, until it is told to
// end. A forked process or a thread; the host (host.h) makes them.

namespace howdah::php {

struct RequestState;

enum class WorkerEnd {
  kRetired,  // asked to end
  kBroken,   // PHP could not begin a request: a new worker is better
};

// `state` has its channel; enter_engine() has been called in this thread. A child that a script
// forked never returns from here.
WorkerEnd run_worker(RequestState& state);

}  // namespace howdah::php

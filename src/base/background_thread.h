#pragma once

// A thread beside the event loops, for work that may wait.

#include <functional>
#include <thread>

#include "base/result.h"

namespace howdah::base {

// Begins a thread that gets no signals, which are the main thread's. `name` has at most 15 bytes.
// Fails when the system has no thread left.
Result<std::thread> begin_background_thread(const char* name, std::function<void()> run);

}  // namespace howdah::base

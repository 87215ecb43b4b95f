#pragma once

// PHP itself: started once per host, before any worker exists. The module's start (php.ini,
// extensions, OPcache's memory, preloading) is shared by all workers, by fork or as threads.

#include <string_view>

#include "php/options.h"

namespace howdah::php {

#if defined(HOWDAH_PHP_ZTS)
inline constexpr bool kThreaded = true;
#else
inline constexpr bool kThreaded = false;
#endif

// Starts PHP in this process. False when it refuses; it has said why on stderr, or ends the process
// with exit(). Call once. `options` outlives PHP.
bool start_engine(const Options& options);
// After the last worker of this process.
void stop_engine();
// "8.2.35 NTS"
std::string_view engine_version();

// What a new worker does before it touches PHP: in a forked child, or in a new thread.
void enter_engine();
// The end of a worker thread.
void leave_engine();

}  // namespace howdah::php

#pragma once

// The session of a host: the host, its workers and all that they have started and that did not
// leave on purpose.

#include <sys/types.h>

namespace howdah::app {

// Kills every process of the session that `leader` led. Processes that are not ours to signal are
// left alone.
void kill_session(pid_t leader);

}  // namespace howdah::app

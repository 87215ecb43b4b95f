#pragma once

// `howdah status`: a view of the running server that is drawn every second on a terminal, and one
// report where there is none.

#include "app/config/command_line.h"
#include "app/config/config.h"

namespace howdah::app {

// Returns the exit status.
int show_status(const Config& config, StatusFormat format);

}  // namespace howdah::app

#pragma once

// Where log lines go and how they look, from the settings.

#include "app/config/config.h"
#include "base/fd.h"
#include "base/log.h"

namespace howdah::app {

// A descriptor of LOG_FILE, or a copy of standard output.
base::Result<base::UniqueFd> open_log(const Config& config);

// `auto` means text when `fd` is a terminal.
base::Logger::Options logger_options(const Config& config, int fd);

}  // namespace howdah::app

#pragma once

// The answer of the internal server's /config.

#include <string>

#include "app/config/config.h"

namespace howdah::app {

// One flat JSON object: the names that dashboards know first, then all other settings in lower
// case. Unset is null, a duration is as it was given, a secret is "***".
std::string config_json(const Config& config);

}  // namespace howdah::app

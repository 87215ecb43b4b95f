#pragma once

// Names that are no settings but were probably meant to be: a misspelt one would otherwise be
// silence.

#include <string>
#include <string_view>

#include "app/config/settings.h"

namespace howdah::app {

// The setting that an environment variable of this name (without HOWDAH_) was probably meant to
// be; null when it is a setting, or somebody else's variable. Careful: what a container, a service
// manager, PHP or a framework usually has in its environment is nobody's mistake.
const Setting* near_setting(std::string_view name);

// The flag of a setting that is nearest to `flag` ("--php-worker"), empty when none is near.
std::string near_flag(std::string_view flag);

}  // namespace howdah::app

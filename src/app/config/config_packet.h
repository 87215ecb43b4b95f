#pragma once

// A Config on its way from the parent, which alone reads the sources of settings, to a front that
// runs already.

#include "app/config/config.h"
#include "base/fd.h"

namespace howdah::app {

// In memory that nobody can change or find by a name: a sealed memfd.
base::Result<base::UniqueFd> pack_config(const Config& config);

// Of the same program: no versions, no other byte order.
base::Result<Config> unpack_config(int packet);

}  // namespace howdah::app

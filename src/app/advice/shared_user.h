#pragma once

// What PHP could do to the server by the rights of its user: for `howdah check`.

#include <sys/types.h>

#include <string>
#include <vector>

#include "app/config/config.h"

namespace howdah::app {

// A line each: what processes of one user cannot keep from each other, and secret files that PHP's
// user may read. `own` is who the server is started as.
std::vector<std::string> shared_user_notes(const Config& config, uid_t own, gid_t own_group);

}  // namespace howdah::app

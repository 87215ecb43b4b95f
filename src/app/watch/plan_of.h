#pragma once

// What is to be watched, out of the settings.

#include "app/config/config.h"
#include "app/watch/watch_plan.h"

namespace howdah::app {

// A set for each worker script, of its WORKER_WATCH, by its number; with `--watch` more sets behind
// them: the site, the env-file and php.ini.
WatchPlan watch_plan(const Config& config);

}  // namespace howdah::app

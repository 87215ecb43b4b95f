#pragma once

// What is to be watched, out of the settings.

#include "app/config/config.h"
#include "app/watch/watch_plan.h"

namespace howdah::app {

// WORKER_WATCH of each script; with `--watch` the site, the env-file and php.ini as well. Nothing
// to watch: a plan without sets.
WatchPlan watch_plan(const Config& config);

}  // namespace howdah::app

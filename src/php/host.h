#pragma once

// The host: the process in which PHP is started once and from which workers come, by fork (NTS) or
// as threads (ZTS). It runs no request itself. One per generation of a pool.
//
// It hears the front over the control socket (channel/control.h) and is the parent of its workers:
// it alone reaps them, tells the front what became of them, and signals them without a race for the
// pid. Nobody outlives the front: at the end of the control socket the host kills every worker's
// process group and goes.

#include "php/options.h"

namespace howdah::php {

// Runs until the front says so or is gone; returns the exit status.
int host_main(const Options& options);

}  // namespace howdah::php

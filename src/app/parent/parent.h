#pragma once

// The parent: starts the other processes, watches over them and passes signals on.
//
// It keeps the rights it was started with, has one thread, runs no PHP and reads nothing from the
// network. It forks the front and executes the worker program on the front's request; when one of
// them dies it says so in the log, starts a front anew itself and tells the front about a host.

#include "app/config/load.h"
#include "app/parent/process_title.h"

namespace howdah::app {

inline constexpr int kExitWrongSettings = 2;

// Runs the server until a signal ends it. `config` is what `sources` make, free of problems; a
// reload reads them again. Returns the exit status: 0
// after a drain, kExitWrongSettings when something cannot be opened (said on stderr), 1 when the
// server cannot start for another reason.
int parent_main(Sources sources, Config config, ProcessTitle& title);

}  // namespace howdah::app

#pragma once

// What a service manager says of itself in the environment (sd_notify(3): NOTIFY_SOCKET,
// WATCHDOG_PID, WATCHDOG_USEC).

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/clock.h"

namespace howdah::app {

struct ServiceManager {
  std::string socket;        // where it hears of us: a path, or "@name" (abstract); empty = nobody
  base::Nanos watchdog = 0;  // it ends a service that says nothing for so long; 0 = off
};

// `environment` has "NAME=value". A watchdog for another process than `self` is none. What is wrong
// is appended to `problems`.
ServiceManager service_manager(const std::vector<std::string>& environment, pid_t self,
                               std::vector<std::string>& problems);

}  // namespace howdah::app

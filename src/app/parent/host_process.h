#pragma once

// Starting a host: the worker program that starts PHP once and has the workers.

#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "app/config/config.h"
#include "base/fd.h"

namespace howdah::app {

struct HostProcess {
  pid_t pid = 0;
  base::UniqueFd control;  // the front's end of its control socket
};

// The worker program's arguments that choose its PHP and its settings, its name first.
std::vector<std::string> php_arguments(const Config& config);
// Those that say what the workers of a pool run; none for the classic pool.
std::vector<std::string> worker_arguments(const Config& config, uint32_t pool);

// Becomes the worker program, in a child, with PHP's environment. Exit status 127 when that fails.
[[noreturn]] void execute_php(const Config& config, std::vector<std::string> arguments);

// Forks and executes the worker program for a pool: own session, default signals, `limit` on
// descriptors, user RUN_AS, no descriptor of ours but its end of the control socket, no secret in
// its environment. A program that cannot be executed is a host that exits with status 127.
base::Result<HostProcess> start_host(const Config& config, uint32_t pool, const rlimit& limit);

}  // namespace howdah::app

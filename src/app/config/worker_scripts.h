#pragma once

// The WORKER_ settings: scripts that start once and take one request after the other, each with a
// pool of workers of its own. Every setting has an entry for each script, separated by ";".

#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"

namespace howdah::app {

// Parsers for the table of settings: what is wrong, empty = nothing. The scripts come first; the
// others have one entry for all of them, or as many as there are scripts. An empty entry stands for
// the default.
std::string parse_worker_script(std::string_view text, Config& config);
std::string parse_worker_num(std::string_view text, Config& config);
std::string parse_worker_match(std::string_view text, Config& config);
std::string parse_worker_env(std::string_view text, Config& config);
std::string parse_worker_watch(std::string_view text, Config& config);
std::string parse_worker_max_failures(std::string_view text, Config& config);
std::string parse_worker_mode(std::string_view text, Config& config);
std::string parse_snapshot_ready(std::string_view text, Config& config);

struct WorkerProblem {
  std::string_view setting;
  std::string what;
};
// Finds the scripts below DOCUMENT_ROOT, which is resolved by then.
std::vector<WorkerProblem> resolve_worker_scripts(Config& config);

// Whether a request can reach the pool of classic workers: any script below DOCUMENT_ROOT, or
// INDEX_FILE. It may say yes where several scripts together leave nothing over.
bool classic_is_reachable(const Config& config);

// The numbers of the pools that there are: 0 = classic, else the worker script number - 1. None in
// stub mode.
std::vector<uint32_t> pool_numbers(const Config& config);
// "classic", or the script as WORKER_SCRIPT names it.
std::string pool_name(const Config& config, uint32_t number);

}  // namespace howdah::app

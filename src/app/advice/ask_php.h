#pragma once

// Runs the worker program once, as the host would be run, to hear what its settings are.

#include <optional>
#include <string>
#include <vector>

#include "app/advice/php_facts.h"
#include "app/config/config.h"

namespace howdah::app {

struct PhpReport {
  std::optional<PhpFacts> facts;  // empty: PHP does not start
  std::vector<std::string> said;  // lines on its stderr
  std::string failure;            // why there are no facts; without what it said
};

// Runs as RUN_AS, with PHP's environment; preloading takes place. Waits for kAnswerLimit at most,
// and blocks meanwhile: for `howdah check`, not for a server.
PhpReport ask_php(const Config& config);

}  // namespace howdah::app

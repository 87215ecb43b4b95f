#pragma once

// From all sources of settings to one Config, or to all that is wrong with them.

#include <string>
#include <vector>

#include "app/config/config.h"
#include "app/config/env_file.h"

namespace howdah::app {

struct Sources {
  std::vector<NamedText> flags;          // by setting name
  std::string env_file;                  // path, empty = none
  std::vector<std::string> environment;  // "NAME=value"
  std::string directory;                 // DIR of `howdah serve DIR`, empty = none
  bool watch = false;                    // `--watch`
  std::string program_directory;         // where the worker program is looked for
  // At a reload: what is in use. Settings that need a restart keep its values.
  const Config* in_use = nullptr;
};

struct Loaded {
  Config config;                      // usable when there are no problems
  std::vector<std::string> problems;  // one line each
};

// Reads the sources, later ones win: default, `howdah serve`, env-file, environment, flags. An
// empty text stands for the built-in default. Then asks the file system and the user database
// whether what is named exists (checks.h).
Loaded load_config(const Sources& sources);

// This process's environment.
std::vector<std::string> own_environment();

}  // namespace howdah::app

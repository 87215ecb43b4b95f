#pragma once

// The command line of `howdah`: which command, with which flags. Flags are the settings' own
// (settings.h) and a few that are no settings.

#include <string>
#include <vector>

#include "app/config/env_file.h"

namespace howdah::app {

enum class Command {
  kServe,   // also when no command is named
  kCheck,   // validate the configuration, say what would run
  kReload,  // ask a running server for a new generation
  kStatus,  // ask a running server how it is
  kHelp,
  kMarkdown,  // the same for docs/configuration.md
  kVersion,
};

enum class StatusFormat { kText, kJson };

struct CommandLine {
  Command command = Command::kServe;
  std::string directory;  // DIR of `howdah serve DIR`
  bool watch = false;     // with it: `--watch`
  std::string env_file;
  StatusFormat status_format = StatusFormat::kText;
  std::vector<NamedText> flags;  // setting name and value
  std::vector<std::string> problems;
};

CommandLine parse_command_line(int argc, const char* const* argv);

// The text of `howdah --help`, made from the table of settings.
std::string help_text();

}  // namespace howdah::app

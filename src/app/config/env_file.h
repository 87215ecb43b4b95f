#pragma once

// Files of NAME=value lines, as --env-file takes them.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace howdah::app {

using NamedText = std::pair<std::string, std::string>;

struct EnvFile {
  std::vector<NamedText> values;      // in the file's order; a name may come twice, the last wins
  std::vector<std::string> problems;  // one line each, with the number of the line
};

// Empty lines and lines that start with # are skipped, `export` before a name is allowed. A value
// in single quotes is taken as it is; in double quotes \n \t \" \\ \$ are understood; without
// quotes it ends at " #". Nothing is expanded.
EnvFile parse_env_file(std::string_view text);

}  // namespace howdah::app

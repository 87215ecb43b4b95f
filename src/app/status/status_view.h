#pragma once

// `howdah status` as text: what a server tells about itself (ops::snapshot_json), for people.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::app {

struct ScreenSize {
  size_t columns = 80;
  size_t rows = 24;
};

// A word of a client with nothing in it that a terminal obeys: every byte that is no printable
// ASCII as %XX.
std::string printable(std::string_view text);

// Everything, line by line.
std::string status_report(const nlohmann::json& status);

// As much as a screen holds: workers that run something before those that do not, where not all
// have room. At most size.rows lines, none wider than size.columns, without newlines. `notice`
// stands in the last line.
std::vector<std::string> status_screen(const nlohmann::json& status, ScreenSize size,
                                       std::string_view notice);

}  // namespace howdah::app

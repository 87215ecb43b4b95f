#pragma once

// docs/configuration.md, made from the table of settings: `howdah --help --markdown` prints it,
// `./dev docs` writes it, `./dev test` fails when the file says something else.

#include <cstddef>
#include <string>
#include <string_view>

namespace howdah::app {

std::string settings_page();

// What that page says of a setting beyond the line that --help has; empty when that is all.
std::string_view detail_of(std::string_view setting);
size_t detail_count();

}  // namespace howdah::app

#pragma once

// The files of ERROR_PAGES_DIR: NNN.html, a status from 400 to 599 each.

#include <cstddef>
#include <string>
#include <vector>

#include "serve/error_pages.h"

namespace howdah::app {

// All pages together: they lie in memory, and are encoded on an event loop at a reload.
inline constexpr size_t kMostErrorPageBytes = 1 << 20;

struct FoundErrorPages {
  std::vector<serve::ErrorPage> pages;  // by status
  std::vector<std::string> problems;    // what is wrong, a line each
  std::vector<std::string> notes;       // names that look like pages and are none
};

// Reads them now; nothing looks at the files afterwards. Other names are of no concern: a style
// guide or a README may lie beside the pages.
FoundErrorPages read_error_pages(const std::string& directory);

}  // namespace howdah::app

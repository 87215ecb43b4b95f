#pragma once

// How much PHP source a site has, for what OPcache needs.

#include <cstdint>
#include <string>

namespace howdah::app {

struct SiteSize {
  std::string root;
  uint64_t php_files = 0;
  uint64_t php_bytes = 0;
  std::string user_ini;  // the first .user.ini that was met below DOCUMENT_ROOT; empty = none
};

// Counts *.php below DOCUMENT_ROOT; where its parent is a Composer project (composer.json or
// vendor/), below the parent. Hidden directories, node_modules and links to directories are left
// out, what cannot be read as well. Stops at kMostEntries, for a root that is no site.
inline constexpr uint64_t kMostEntries = 500'000;
SiteSize measure_site(const std::string& document_root);

}  // namespace howdah::app

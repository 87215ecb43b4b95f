#pragma once

// One level of a directory tree, for those who watch it.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/watch/watch_rules.h"
#include "base/fd.h"

namespace howdah::app {

// Told of what has changed. `path` is valid for the call.
using OnChange = std::function<void(const WatchRules::Match& match, std::string_view path)>;

// What a directory holds. Links are files, wherever they lead to.
struct Listing {
  std::vector<std::string> directories;  // names
  std::vector<std::string> files;
};

// Opens a directory itself, not one that a link leads to.
base::Result<base::UniqueFd> open_directory(const std::string& path);
// What can be read of it. Takes `directory` over.
Listing list_directory(base::UniqueFd directory);

std::string join_path(std::string_view directory, std::string_view name);

// The name of the file system that `directory` lies on when inotify is blind there, else empty.
std::string_view blind_file_system_of(int directory);

}  // namespace howdah::app

#pragma once

// Whether the kernel hears of every change in a file system.

#include <string_view>

namespace howdah::app {

// The name of a file system that others change without this kernel's knowledge (network, virtual
// machine, container), by statfs()'s f_type; empty = inotify tells of everything.
std::string_view blind_file_system(long type);

}  // namespace howdah::app

#include "app/watch/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>

#include "app/watch/file_system_kind.h"

namespace howdah::app {
namespace {

bool is_directory(int directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat info;
  int got = ::fstatat(directory, entry.d_name, &info, AT_SYMLINK_NOFOLLOW);
  return got == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

base::Result<base::UniqueFd> open_directory(const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
  base::UniqueFd fd(base::retry_eintr([&] { return ::open(path.c_str(), kFlags); }));
  if (!fd) return base::fail_errno("open");
  return fd;
}

Listing list_directory(base::UniqueFd directory) {
  Listing listing;
  DIR* stream = ::fdopendir(directory.get());
  if (stream == nullptr) return listing;
  directory.release();
  while (const dirent* entry = ::readdir(stream)) {
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    bool below = is_directory(::dirfd(stream), *entry);
    (below ? listing.directories : listing.files).emplace_back(name);
  }
  ::closedir(stream);
  return listing;
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.ends_with('/')) path += '/';
  return path.append(name);
}

std::string_view blind_file_system_of(int directory) {
  struct statfs info;
  if (::fstatfs(directory, &info) < 0) return {};
  return blind_file_system(info.f_type);
}

}  // namespace howdah::app

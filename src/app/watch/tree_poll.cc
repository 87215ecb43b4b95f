#include "app/watch/tree_poll.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "base/clock.h"

namespace howdah::app {

void TreePoll::look() {
  ++looks_;
  for (const std::string& root : rules_.roots()) look_into(root);
  tell_missing();
}

void TreePoll::look_into(const std::string& root) {
  std::vector<std::string> open{root};
  while (!open.empty()) {
    const std::string directory = std::move(open.back());
    open.pop_back();
    auto reach = rules_.reach(directory);
    if (reach.empty()) continue;
    auto fd = open_directory(directory);
    if (!fd) continue;
    const int at = fd->get();
    base::UniqueFd listed(::fcntl(at, F_DUPFD_CLOEXEC, 0));
    Listing listing = list_directory(std::move(listed));
    for (const std::string& name : listing.directories) open.push_back(join_path(directory, name));
    for (const std::string& name : listing.files) {
      std::string path = join_path(directory, name);
      auto match = rules_.match(reach, path);
      if (match.change == Change::kNone) continue;
      struct stat info;
      if (::fstatat(at, name.c_str(), &info, 0) < 0) continue;
      look_at(path, match,
              {.modified = info.st_mtim.tv_sec * base::kSecond + info.st_mtim.tv_nsec,
               .size = info.st_size,
               .inode = info.st_ino,
               .look = looks_});
    }
  }
}

void TreePoll::look_at(const std::string& path, const WatchRules::Match& match, State now) {
  auto [entry, fresh] = files_.try_emplace(path, now);
  bool changed = fresh ? looks_ > 1 : entry->second != now;
  entry->second = now;
  if (changed) on_change_(match, path);
}

void TreePoll::tell_missing() {
  std::erase_if(files_, [&](const auto& file) {
    const auto& [path, state] = file;
    if (state.look == looks_) return false;
    std::string directory = path.substr(0, path.rfind('/'));
    on_change_(rules_.match(rules_.reach(directory), path), path);
    return true;
  });
}

}  // namespace howdah::app

#include "app/watch/tree_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace howdah::app {
namespace {

// IN_MODIFY and not IN_CLOSE_WRITE: a lock file that is only opened for writing has not changed.
constexpr uint32_t kEvents = IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                             IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
                             IN_DONT_FOLLOW | IN_EXCL_UNLINK;
constexpr size_t kEventBytes = 64 << 10;
constexpr std::string_view kManyFiles = "(more than can be listed)";

}  // namespace

TreeWatch::TreeWatch(const WatchRules& rules, OnChange on_change)
    : rules_(rules), on_change_(std::move(on_change)) {
  inotify_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify_) fail(fmt::format("inotify: {}", ::strerror(errno)));
}

void TreeWatch::fail(std::string why) {
  if (failure_.empty()) failure_ = std::move(why);
  inotify_.reset();
}

void TreeWatch::begin() {
  for (const std::string& root : rules_.roots()) add_root(root, Found::kKnown);
}

void TreeWatch::add_root(const std::string& root, Found found) {
  struct stat info;
  bool there = ::lstat(root.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  if (!there) {
    missing_.insert(root);
    return;
  }
  missing_.erase(root);
  add_tree(root, found);
}

void TreeWatch::look_for_roots() {
  const std::vector<std::string> missing(missing_.begin(), missing_.end());
  for (const std::string& root : missing) add_root(root, Found::kNew);
}

void TreeWatch::add_tree(const std::string& path, Found found) {
  std::vector<std::string> open{path};
  while (!open.empty() && inotify_) {
    const std::string directory = std::move(open.back());
    open.pop_back();
    auto reach = rules_.reach(directory);
    auto fd = reach.empty() ? base::Result<base::UniqueFd>() : open_directory(directory);
    // What may not be read, or has gone meanwhile, is left out.
    if (!fd || !*fd || !add_directory(directory, fd->get())) continue;
    // Listed after it is watched: what appears in between is seen twice, not never.
    Listing listing = list_directory(std::move(*fd));
    for (const std::string& name : listing.directories) open.push_back(join_path(directory, name));
    if (found == Found::kKnown) continue;
    for (const std::string& name : listing.files) tell_file(directory, name);
  }
}

bool TreeWatch::add_directory(const std::string& path, int directory) {
  struct stat info;
  if (::fstat(directory, &info) < 0) return false;
  if (devices_.insert(info.st_dev).second) {
    std::string_view blind = blind_file_system_of(directory);
    if (!blind.empty()) {
      fail(fmt::format("{} lies on {}, which does not tell of changes", path, blind));
      return false;
    }
  }
  int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), kEvents);
  if (watch < 0) {
    if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) return false;
    std::string why = errno == ENOSPC ? "fs.inotify.max_user_watches is too small"
                                      : std::string(::strerror(errno));
    fail(fmt::format("{} cannot be watched after {} others: {}", path, paths_.size(), why));
    return false;
  }
  auto known = paths_.find(watch);
  if (known != paths_.end()) watches_.erase(known->second);  // it was moved here
  paths_[watch] = path;
  watches_[path] = watch;
  return true;
}

// Of `path` and all below it: by their old names they mean nothing any more.
void TreeWatch::forget_tree(const std::string& path) {
  const std::string below = join_path(path, "");
  auto it = watches_.lower_bound(path);
  while (it != watches_.end() && it->first.starts_with(path)) {
    if (it->first != path && !it->first.starts_with(below)) {
      ++it;
      continue;
    }
    ::inotify_rm_watch(inotify_.get(), it->second);
    paths_.erase(it->second);
    it = watches_.erase(it);
  }
}

void TreeWatch::read_events() {
  alignas(inotify_event) char bytes[kEventBytes];
  while (inotify_) {
    ssize_t got = base::retry_eintr([&] { return ::read(inotify_.get(), bytes, sizeof bytes); });
    if (got <= 0) return;
    for (const char* at = bytes; at < bytes + got && inotify_;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(at);
      at += sizeof event + event.len;
      handle(event);
    }
  }
}

void TreeWatch::handle(const inotify_event& event) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) return rescan();
  auto found = paths_.find(event.wd);
  if (found == paths_.end()) return;
  const std::string directory = found->second;
  if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) {
    return handle_gone(event);
  }
  if (event.len == 0) return;  // about the directory itself
  std::string_view name = event.name;
  if ((event.mask & IN_ISDIR) != 0) return handle_directory(event, join_path(directory, name));
  tell_file(directory, name);
}

void TreeWatch::handle_directory(const inotify_event& event, const std::string& path) {
  if ((event.mask & (IN_CREATE | IN_MOVED_TO)) != 0) return add_tree(path, Found::kNew);
  // When it is removed, its files are told of one by one.
  if ((event.mask & IN_MOVED_FROM) == 0 || !watches_.contains(path)) return;
  on_change_(rules_.match_directory(rules_.reach(path)), path);
  forget_tree(path);
}

// A directory that is not there any more. Below another one its parent tells the rest.
void TreeWatch::handle_gone(const inotify_event& event) {
  auto found = paths_.find(event.wd);
  const std::string path = found->second;
  if (std::ranges::find(rules_.roots(), path) != rules_.roots().end()) {
    on_change_(rules_.match_directory(rules_.reach(path)), path);
    forget_tree(path);
    return add_root(path, Found::kNew);  // another one may have taken its place
  }
  if ((event.mask & IN_MOVE_SELF) != 0) return;
  auto watch = watches_.find(path);
  if (watch != watches_.end() && watch->second == event.wd) watches_.erase(watch);
  paths_.erase(found);
}

// The kernel has dropped events.
void TreeWatch::rescan() {
  on_change_(rules_.everything(), kManyFiles);
  for (const std::string& root : rules_.roots()) add_root(root, Found::kKnown);
}

void TreeWatch::tell_file(const std::string& directory, std::string_view name) {
  std::string path = join_path(directory, name);
  auto match = rules_.match(rules_.reach(directory), path);
  if (match.change != Change::kNone) on_change_(match, path);
}

}  // namespace howdah::app

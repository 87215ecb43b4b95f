#pragma once

// Directory trees under inotify: a watch for each directory that the rules look into, and for those
// that appear later.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "app/watch/tree.h"
#include "app/watch/watch_rules.h"
#include "base/fd.h"

struct inotify_event;

namespace howdah::app {

// One in the watching process, on its only thread. Links to directories are not followed.
class TreeWatch {
 public:
  // Both outlive this object.
  TreeWatch(const WatchRules& rules, OnChange on_change);

  // Why watching is not possible, for the log; empty = it is. Afterwards the object is of no use:
  // a change may be missed, and all has to be looked at (TreePoll).
  const std::string& failure() const { return failure_; }

  // Watches all roots that are there. Once.
  void begin();
  // Readable when read_events() has something to do; -1 after a failure.
  int fd() const { return inotify_.get(); }
  void read_events();
  // Some of the roots are not there: to be looked for from time to time.
  bool misses_roots() const { return !missing_.empty(); }
  void look_for_roots();
  // Directories that are watched.
  size_t size() const { return paths_.size(); }

 private:
  enum class Found {
    kKnown,  // what is there at the start, or again after a loss
    kNew,    // has appeared: its files are changes
  };
  void add_root(const std::string& root, Found found);
  void add_tree(const std::string& path, Found found);
  // False when there is nothing to watch below it.
  bool add_directory(const std::string& path, int directory);
  void forget_tree(const std::string& path);
  void handle(const inotify_event& event);
  void handle_directory(const inotify_event& event, const std::string& path);
  void handle_gone(const inotify_event& event);
  void rescan();
  void tell_file(const std::string& directory, std::string_view name);
  void fail(std::string why);

  const WatchRules& rules_;
  const OnChange on_change_;
  base::UniqueFd inotify_;
  std::string failure_;
  std::unordered_map<int, std::string> paths_;  // by watch
  std::map<std::string, int> watches_;          // by path; the same pairs
  std::set<std::string> missing_;               // roots
  std::set<uint64_t> devices_;                  // whose file system is known to tell
};

}  // namespace howdah::app

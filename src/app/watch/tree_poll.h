#pragma once

// Directory trees looked at again and again, where nobody tells of changes.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <unordered_map>

#include "app/watch/tree.h"
#include "app/watch/watch_rules.h"

namespace howdah::app {

// One in the watching process, on its only thread. Links to directories are not followed; a file
// that is a link is what it leads to.
class TreePoll {
 public:
  // Both outlive this object.
  TreePoll(const WatchRules& rules, OnChange on_change)
      : rules_(rules), on_change_(std::move(on_change)) {}

  // Looks at all files. The first time that is how they are; later every difference is told.
  void look();
  // Files that it knows.
  size_t size() const { return files_.size(); }

 private:
  // What changes when a file does.
  struct State {
    int64_t modified = 0;  // nanoseconds
    off_t size = 0;
    ino_t inode = 0;
    uint64_t look = 0;  // that saw it last
    bool operator==(const State& other) const {
      return modified == other.modified && size == other.size && inode == other.inode;
    }
  };
  void look_into(const std::string& root);
  void look_at(const std::string& path, const WatchRules::Match& match, State now);
  void tell_missing();

  const WatchRules& rules_;
  const OnChange on_change_;
  std::unordered_map<std::string, State> files_;
  uint64_t looks_ = 0;
};

}  // namespace howdah::app

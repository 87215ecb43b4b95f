#pragma once

// Which files count: the patterns of a WatchPlan, and what editors, version control and
// applications write that nobody means by them.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "app/watch/path_glob.h"
#include "app/watch/watch_plan.h"

namespace howdah::app {

// A file that an editor or a download makes on its way: vim's 4913 and .x.swp, x~, .#x, #x#, x.tmp.
bool is_passing_file(std::string_view name);
// By the end of a file's name.
Change change_by_name(std::string_view name);

// Immutable; text only. All paths are absolute_path()s.
class WatchRules {
 public:
  // Patterns that cannot be read are left out: whoever made the plan has looked at them.
  explicit WatchRules(const WatchPlan& plan);

  // Rules that may find something in or below a directory; none = it is not looked into.
  using Reach = std::vector<uint32_t>;
  Reach reach(std::string_view directory) const;

  struct Match {
    Change change = Change::kNone;
    uint64_t sets = 0;  // bit min(i, kLastSet) for each set that has the file
  };
  // `within` is the reach of the file's directory.
  Match match(const Reach& within, std::string_view path) const;
  // A directory that has come or gone as a whole, with what was in it.
  Match match_directory(const Reach& of_it) const;
  // When it is not known what has changed.
  Match everything() const;
  // Where to begin, without doublets.
  const std::vector<std::string>& roots() const { return roots_; }

 private:
  struct Rule {
    PathGlob glob;
    size_t set;
    bool site;  // its root is the web root, or holds it
    std::string web_root;
  };
  struct Set {
    WatchSet::Meaning meaning;
    std::vector<PathGlob> excluded;
  };
  static bool is_ignored(const Rule& rule, std::string_view directory);

  std::vector<Rule> rules_;
  std::vector<Set> sets_;
  std::vector<std::string> roots_;
};

}  // namespace howdah::app

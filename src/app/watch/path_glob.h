#pragma once

// A pattern for paths, as WORKER_WATCH has them. Text only: no file is looked at.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::app {

// A pattern may stand for so many others by its braces.
inline constexpr size_t kMostAlternatives = 256;

// Splits a comma list of patterns; commas inside braces separate nothing. Blanks around entries and
// empty entries are dropped.
std::vector<std::string> split_patterns(std::string_view list);

// What is wrong with a list of patterns, each of which may have a "!" before it; empty = nothing.
std::string check_patterns(std::string_view list);

// An absolute path with neither "." nor ".." nor double slashes in it; `path` may be relative to
// `base`, which is absolute.
std::string absolute_path(std::string_view path, std::string_view base);

// `*` and `?` stand for bytes other than "/" (a dot at the beginning too), `**` as a whole segment
// for any number of segments, `{a,b}` for one of its texts. Immutable.
class PathGlob {
 public:
  // A relative pattern begins at `base`, and may begin with "../". Returns what is wrong with it.
  static std::expected<PathGlob, std::string> parse(std::string_view pattern,
                                                    std::string_view base);

  // `path` is absolute and in the form of absolute_path().
  bool matches(std::string_view path) const;
  // Whether something below `directory` can match.
  bool reaches_below(std::string_view directory) const;
  // The deepest directory that everything that matches lies below.
  const std::string& root() const { return root_; }

 private:
  using Segments = std::vector<std::string>;
  std::vector<Segments> alternatives_;
  std::string root_;
};

}  // namespace howdah::app

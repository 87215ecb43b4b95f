#pragma once

// Which file a path means: the table of CONTRACT section 3, as a decision and nothing else.

#include <string>
#include <string_view>
#include <vector>

#include "serve/file_system.h"

namespace howdah::serve {

enum class RouteKind {
  kNotFound,
  kForbidden,
  kRedirect,  // 308 to the same path with a slash at its end
  kFile,      // `file` is sent
  kFallback,  // `file` is sent, and must not be cached: it stands for many paths
  kScript,    // `file` is run by PHP with `path_info`
};

// Reused from request to request: its strings keep their memory.
struct Route {
  RouteKind kind = RouteKind::kNotFound;
  std::string file;  // below the root, begins with "/"
  std::string path_info;
};

// Immutable, thread-safe.
class Router {
 public:
  struct Options {
    std::string index_file;
    bool index_scripts = false;
    std::vector<std::string> php_deny;
  };
  explicit Router(Options options);

  // `path` as http::decode_target() left it.
  void route(std::string_view path, FileSystem& files, Route& route) const;

 private:
  enum class Mode {
    kFiles,              // no INDEX_FILE
    kController,         // INDEX_FILE is a script that answers everything
    kControllerScripts,  // and other scripts run too
    kFallbackFile,       // INDEX_FILE is a page
  };

  bool scripts_run() const { return mode_ != Mode::kController; }
  bool denied(std::string_view path) const;
  bool find_script(std::string_view path, FileSystem& files, Route& route) const;
  bool find_index(std::string_view directory, FileSystem& files, Route& route) const;
  void route_directory(std::string_view path, FileSystem& files, Route& route) const;
  void route_file(std::string_view path, Route& route) const;
  void route_rest(Route& route) const;

  const Options options_;
  const Mode mode_;
  const std::string index_path_;  // "/" and INDEX_FILE
};

// `*` stands for any bytes but "/"; a "/*" at the end of `pattern` for the whole subtree and its
// root.
bool matches_path_pattern(std::string_view pattern, std::string_view path);

// Names that hold source: never sent, whatever the letter case.
bool is_source_name(std::string_view path);

}  // namespace howdah::serve

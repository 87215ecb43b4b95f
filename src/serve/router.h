#pragma once

// Which file or script a path means: the table of CONTRACT section 3 and, where a worker script
// takes the path, its section 6; as a decision and nothing else.
//
// For a path that WORKER_MATCH takes, the worker script stands where a front controller would:
// files win, other scripts run where they may, the rest is the worker's.

#include <cstdint>
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
  std::string file;  // below the root, begins with "/"; empty for a worker script outside of it
  std::string path_info;
  uint32_t pool = 0;  // of kScript: 0 = the script is run once, else it is worker script number - 1
};

// A worker script as requests find it.
struct WorkerRoute {
  std::string path;  // of the script, absolute
  std::string name;  // its path below the root, begins with "/"; empty when it lies elsewhere
  std::vector<std::string> match;  // patterns; those that begin with "!" exclude

  bool takes(std::string_view request_path) const;
};

// Immutable, thread-safe.
class Router {
 public:
  struct Options {
    std::string index_file;
    bool index_scripts = false;
    std::vector<std::string> php_deny;
    std::vector<WorkerRoute> workers;  // the first one that takes a path has it
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
  const WorkerRoute* taker_of(std::string_view path) const;
  const WorkerRoute* worker_named(std::string_view file) const;

  // In all of these, `taker` is the worker script that takes the request's `path`, or null.
  struct Request {
    std::string_view path;
    const WorkerRoute* taker;
    FileSystem& files;
  };
  bool find_script(const Request& request, Route& route) const;
  bool find_index(const Request& request, std::string_view directory, Route& route) const;
  void route_directory(const Request& request, Route& route) const;
  void route_file(const Request& request, Route& route) const;
  void route_script(const Request& request, std::string_view script, std::string_view path_info,
                    Route& route) const;
  void route_missing(const Request& request, FileKind kind, Route& route) const;
  void route_rest(const Request& request, Route& route) const;
  void give_to(const WorkerRoute& worker, std::string_view path_info, Route& route) const;

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

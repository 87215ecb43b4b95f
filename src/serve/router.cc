#include "serve/router.h"

#include <algorithm>

#include "http/chars.h"
#include "http/path.h"

namespace howdah::serve {
namespace {

constexpr std::string_view kScriptSuffix = ".php";
constexpr std::string_view kSourceSuffixes[] = {".php", ".phtml", ".inc", ".phar"};

void set(Route& route, RouteKind kind, std::string_view file, std::string_view path_info = {}) {
  route.kind = kind;
  route.pool = 0;
  route.file.assign(file);
  route.path_info.assign(path_info);
}

// One level of a glob: `*` takes any run of bytes but "/".
bool matches_glob(std::string_view pattern, std::string_view path) {
  size_t star = std::string_view::npos, resume = 0, p = 0, t = 0;
  while (t < path.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == path[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos && path[resume] != '/') {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool matches_path_pattern(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with("/*")) return matches_glob(pattern, path);
  pattern.remove_suffix(2);
  // The root itself, or any of the path's ancestors.
  if (matches_glob(pattern, path)) return true;
  for (size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    if (matches_glob(pattern, path.substr(0, slash))) return true;
  }
  return false;
}

bool WorkerRoute::takes(std::string_view request_path) const {
  bool taken = false;
  for (std::string_view pattern : match) {
    bool excludes = pattern.starts_with('!');
    if (excludes) pattern.remove_prefix(1);
    if (!(excludes || !taken) || !matches_path_pattern(pattern, request_path)) continue;
    if (excludes) return false;
    taken = true;
  }
  return taken;
}

bool is_source_name(std::string_view path) {
  for (std::string_view suffix : kSourceSuffixes) {
    if (path.size() >= suffix.size() &&
        http::iequals(path.substr(path.size() - suffix.size()), suffix)) {
      return true;
    }
  }
  return false;
}

Router::Router(Options options)
    : options_(std::move(options)),
      mode_(options_.index_file.empty()                     ? Mode::kFiles
            : !options_.index_file.ends_with(kScriptSuffix) ? Mode::kFallbackFile
            : options_.index_scripts                        ? Mode::kControllerScripts
                                                            : Mode::kController),
      index_path_("/" + options_.index_file) {}

bool Router::denied(std::string_view path) const {
  for (const std::string& pattern : options_.php_deny) {
    if (matches_path_pattern(pattern, path)) return true;
  }
  return false;
}

const WorkerRoute* Router::taker_of(std::string_view path) const {
  for (const WorkerRoute& worker : options_.workers) {
    if (worker.takes(path)) return &worker;
  }
  return nullptr;
}

// The worker script that `file` is, or null.
const WorkerRoute* Router::worker_named(std::string_view file) const {
  auto worker = std::ranges::find(options_.workers, file, &WorkerRoute::name);
  return worker != options_.workers.end() ? &*worker : nullptr;
}

void Router::route(std::string_view path, FileSystem& files, Route& route) const {
  set(route, RouteKind::kNotFound, {});
  if (http::has_hidden_segment(path)) return;
  Request request{.path = path, .taker = taker_of(path), .files = files};
  if (path == "/" && (request.taker != nullptr || mode_ != Mode::kFiles)) {
    return route_rest(request, route);
  }
  FileKind kind = files.kind_of(path);
  switch (kind) {
    case FileKind::kDirectory:
      return route_directory(request, route);
    case FileKind::kFile:
      return route_file(request, route);
    case FileKind::kForbidden:
    case FileKind::kNone:
      return route_missing(request, kind, route);
  }
}

void Router::route_missing(const Request& request, FileKind kind, Route& route) const {
  if (find_script(request, route)) return;
  // An application of its own may have paths that end like scripts; never like other source.
  bool of_worker =
      request.taker != nullptr && request.path.ends_with(kScriptSuffix) && !denied(request.path);
  if (is_source_name(request.path) && !of_worker) return;
  route_rest(request, route);
  // An entry point decides about all that is no file to this process, as behind nginx's try_files.
  if (kind == FileKind::kForbidden && route.kind == RouteKind::kNotFound) {
    route.kind = RouteKind::kForbidden;
  }
}

void Router::route_file(const Request& request, Route& route) const {
  std::string_view path = request.path;
  if (mode_ == Mode::kFallbackFile && path == index_path_) return;
  if (!is_source_name(path)) return set(route, RouteKind::kFile, path);
  if (path.ends_with(kScriptSuffix)) route_script(request, path, {}, route);
}

// `script` is there, and is what the path means, or its directory's index: it runs, or a worker
// script decides, or it is not found.
void Router::route_script(const Request& request, std::string_view script,
                          std::string_view path_info, Route& route) const {
  if (denied(script)) return set(route, RouteKind::kNotFound, {});
  const WorkerRoute* named = request.taker != nullptr ? worker_named(script) : nullptr;
  if (named != nullptr) return give_to(*named, path_info, route);
  if (scripts_run()) return set(route, RouteKind::kScript, script, path_info);
  if (request.taker != nullptr) return give_to(*request.taker, {}, route);
  set(route, RouteKind::kNotFound, {});
}

// `/x.php/more` where x.php exists. True when the question is settled.
bool Router::find_script(const Request& request, Route& route) const {
  std::string_view path = request.path;
  for (size_t slash = path.find('/', 1); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    std::string_view script = path.substr(0, slash);
    if (!script.ends_with(kScriptSuffix)) continue;
    FileKind kind = request.files.kind_of(script);
    if (kind == FileKind::kDirectory) continue;
    if (kind != FileKind::kFile) return false;  // nothing can be below it
    route_script(request, script, path.substr(slash), route);
    return true;
  }
  return false;
}

// The index of a directory (with its slash) that this mode serves. True when there is one; one that
// may not run counts, and is not found.
bool Router::find_index(const Request& request, std::string_view directory, Route& route) const {
  std::string index(directory);
  if (scripts_run()) {
    index += "index.php";
    if (request.files.kind_of(index) == FileKind::kFile) {
      route_script(request, index, {}, route);
      return true;
    }
    index.resize(directory.size());
  }
  index += "index.html";
  if (request.files.kind_of(index) != FileKind::kFile) return false;
  set(route, RouteKind::kFile, index);
  return true;
}

void Router::route_directory(const Request& request, Route& route) const {
  if (request.path.ends_with('/')) {
    if (!find_index(request, request.path, route)) route_rest(request, route);
    return;
  }
  // Without a slash, relative links of the index would lead astray. A lone front controller knows
  // nothing of directories and gets the path as it is.
  if (mode_ == Mode::kController) return route_rest(request, route);
  std::string directory(request.path);
  directory += '/';
  if (!find_index(request, directory, route)) return route_rest(request, route);
  set(route, RouteKind::kRedirect, {});
}

void Router::route_rest(const Request& request, Route& route) const {
  if (request.taker != nullptr) return give_to(*request.taker, {}, route);
  switch (mode_) {
    case Mode::kFiles:
      return set(route, RouteKind::kNotFound, {});
    case Mode::kController:
    case Mode::kControllerScripts:
      return set(route, RouteKind::kScript, index_path_);
    case Mode::kFallbackFile:
      return set(route, RouteKind::kFallback, index_path_);
  }
}

void Router::give_to(const WorkerRoute& worker, std::string_view path_info, Route& route) const {
  set(route, RouteKind::kScript, worker.name, path_info);
  route.pool = static_cast<uint32_t>(&worker - options_.workers.data()) + 1;
}

}  // namespace howdah::serve

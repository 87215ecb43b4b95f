#include "serve/router.h"

#include "http/chars.h"
#include "http/path.h"

namespace howdah::serve {
namespace {

constexpr std::string_view kScriptSuffix = ".php";
constexpr std::string_view kSourceSuffixes[] = {".php", ".phtml", ".inc", ".phar"};

void set(Route& route, RouteKind kind, std::string_view file, std::string_view path_info = {}) {
  route.kind = kind;
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

void Router::route(std::string_view path, FileSystem& files, Route& route) const {
  set(route, RouteKind::kNotFound, {});
  if (http::has_hidden_segment(path)) return;
  if (path == "/" && mode_ != Mode::kFiles) return route_rest(route);
  FileKind kind = files.kind_of(path);
  switch (kind) {
    case FileKind::kDirectory:
      return route_directory(path, files, route);
    case FileKind::kFile:
      return route_file(path, route);
    case FileKind::kForbidden:
    case FileKind::kNone:
      break;
  }
  if (find_script(path, files, route) || is_source_name(path)) return;
  route_rest(route);
  // An entry point decides about all that is no file to this process, as behind nginx's try_files.
  if (kind == FileKind::kForbidden && route.kind == RouteKind::kNotFound) {
    route.kind = RouteKind::kForbidden;
  }
}

void Router::route_file(std::string_view path, Route& route) const {
  if (mode_ == Mode::kFallbackFile && path == index_path_) return;
  if (!is_source_name(path)) return set(route, RouteKind::kFile, path);
  if (path.ends_with(kScriptSuffix) && scripts_run() && !denied(path)) {
    set(route, RouteKind::kScript, path);
  }
}

// `/x.php/more` where x.php exists. True when the question is settled, by a script or by a 404.
bool Router::find_script(std::string_view path, FileSystem& files, Route& route) const {
  for (size_t slash = path.find('/', 1); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    std::string_view script = path.substr(0, slash);
    if (!script.ends_with(kScriptSuffix)) continue;
    FileKind kind = files.kind_of(script);
    if (kind == FileKind::kDirectory) continue;
    if (kind != FileKind::kFile) return false;  // nothing can be below it
    if (scripts_run() && !denied(script)) {
      set(route, RouteKind::kScript, script, path.substr(slash));
    }
    return true;
  }
  return false;
}

// The index of a directory (with its slash) that this mode serves. True when there is one; one that
// may not run counts, and is not found.
bool Router::find_index(std::string_view directory, FileSystem& files, Route& route) const {
  std::string& file = route.file;
  if (scripts_run()) {
    file.assign(directory).append("index.php");
    if (files.kind_of(file) == FileKind::kFile) {
      route.kind = denied(file) ? RouteKind::kNotFound : RouteKind::kScript;
      return true;
    }
  }
  file.assign(directory).append("index.html");
  if (files.kind_of(file) == FileKind::kFile) {
    route.kind = RouteKind::kFile;
    return true;
  }
  file.clear();
  return false;
}

void Router::route_directory(std::string_view path, FileSystem& files, Route& route) const {
  if (path.ends_with('/')) {
    if (!find_index(path, files, route)) route_rest(route);
    return;
  }
  // Without a slash, relative links of the index would lead astray. A lone front controller knows
  // nothing of directories and gets the path as it is.
  if (mode_ == Mode::kController) return route_rest(route);
  std::string directory(path);
  directory += '/';
  if (!find_index(directory, files, route)) return route_rest(route);
  set(route, RouteKind::kRedirect, {});
}

void Router::route_rest(Route& route) const {
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

}  // namespace howdah::serve

// A path and the settings it is routed by: nothing but a script that is there is run, and source is
// never sent. The input is a byte of settings, then a request target.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/path.h"
#include "serve/router.h"

namespace howdah::serve {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

class Files final : public FileSystem {
 public:
  FileKind kind_of(std::string_view path) override {
    for (std::string_view file : kFiles) {
      if (path == file) return FileKind::kFile;
      bool inside = file.starts_with(path) && (path.ends_with('/') || file[path.size()] == '/');
      if (inside) return FileKind::kDirectory;
    }
    return FileKind::kNone;
  }

 private:
  static constexpr std::string_view kFiles[] = {
      "/index.php", "/index.html",  "/a.php",         "/a.php.bak",   "/style.css",
      "/b.PHP",     "/.env",        "/.git/config",   "/lib/x.inc",   "/lib/y.phtml",
      "/up/e.php",  "/up/i.png",    "/d/index.php",   "/d/s/c.php",   "/page.html",
      "/z.phar",    "/d.php/t.css", "/.well-known/a", "/w/index.html"};
};

const std::vector<WorkerRoute> kWorkers = {
    {.path = "/out/w.php", .name = "", .match = {"/d/*", "!/d/*/x", "/*.php"}},
    {.path = "/site/a.php", .name = "/a.php", .match = {"/*", "!/up/i*"}}};

const Router& router_of(uint8_t settings) {
  static const Router routers[] = {
      Router({}),
      Router({.index_file = "index.php"}),
      Router({.index_file = "index.php", .index_scripts = true, .php_deny = {"/up/*"}}),
      Router({.index_file = "index.html", .php_deny = {"/*/s/*"}}),
      // The same beside worker scripts.
      Router({.workers = kWorkers}),
      Router({.index_file = "index.php", .workers = kWorkers}),
      Router({.index_file = "index.php",
              .index_scripts = true,
              .php_deny = {"/up/*"},
              .workers = kWorkers}),
      Router({.index_file = "index.html", .php_deny = {"/*/s/*"}, .workers = kWorkers}),
  };
  return routers[settings % std::size(routers)];
}

void check(uint8_t settings, std::string_view target) {
  std::string path;
  if (!http::decode_target(target, path)) return;
  Files files;
  static Route route;
  router_of(settings).route(path, files, route);
  bool sent = route.kind == RouteKind::kFile || route.kind == RouteKind::kFallback;
  if (sent) require(!is_source_name(route.file) && !http::has_hidden_segment(route.file));
  if (route.kind != RouteKind::kScript) return;
  require(!http::has_hidden_segment(path));
  if (route.pool != 0) return require(route.file == kWorkers.at(route.pool - 1).name);
  require(route.file.ends_with(".php") && files.kind_of(route.file) == FileKind::kFile);
  require(route.path_info.empty() || route.path_info.starts_with('/'));
}

}  // namespace
}  // namespace howdah::serve

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  howdah::serve::check(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}

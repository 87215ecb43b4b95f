#include "serve/site.h"

#include <utility>

namespace howdah::serve {
namespace {

std::string cache_control_of(const ServeOptions& options) {
  // Browsers would not ask for what has changed, not even when they load the page anew.
  if (options.live_reload) return "no-cache";
  if (!options.static_cache_ttl) return {};
  return "public, max-age=" + std::to_string(*options.static_cache_ttl / base::kSecond);
}

}  // namespace

base::Result<std::shared_ptr<const Site>> Site::create(ServeOptions options) {
  Symlinks symlinks = options.follow_symlinks ? Symlinks::kFollow : Symlinks::kBeneath;
  auto root = DocumentRoot::open(options.document_root, symlinks);
  if (!root) return base::fail(root.error());
  std::optional<DocumentRoot> named_files;
  if (!options.sendfile_root.empty()) {
    auto opened = DocumentRoot::open(options.sendfile_root, symlinks);
    if (!opened) return base::fail(opened.error());
    named_files = std::move(*opened);
  }
  return std::make_shared<const Site>(std::move(options), std::move(*root), std::move(named_files));
}

Site::Site(ServeOptions settings, DocumentRoot root, std::optional<DocumentRoot> named_files)
    : options(std::move(settings)),
      document_root(std::move(root)),
      sendfile_root(std::move(named_files)),
      router({.index_file = options.index_file,
              .index_scripts = options.index_scripts,
              .php_deny = options.php_deny,
              .workers = options.workers}),
      error_pages(options.error_pages, options.compression),
      static_cache_control(cache_control_of(options)) {}

LoopSite::LoopSite(std::shared_ptr<const Site> of_all, const net::EventLoop& loop)
    : site(std::move(of_all)), files(site->document_root, loop, site->options.file_trust) {
  if (!site->sendfile_root) return;
  sendfile_files.emplace(*site->sendfile_root, loop, site->options.file_trust);
}

}  // namespace howdah::serve

#pragma once

// What a reload changes for clients: the settings, and what is made of them. A Site is immutable
// and of all loops; when another one takes its place, exchanges end with the one they began with.

#include <memory>
#include <optional>
#include <string>

#include "serve/error_pages.h"
#include "serve/file_cache.h"
#include "serve/file_system.h"
#include "serve/options.h"
#include "serve/router.h"

namespace howdah::serve {

class Site {
 public:
  // Fails when one of the roots cannot be opened. Shared by the loops, of which each lets go of it
  // when its last exchange with it is over.
  static base::Result<std::shared_ptr<const Site>> create(ServeOptions options);

  const ServeOptions options;
  const DocumentRoot document_root;
  const std::optional<DocumentRoot> sendfile_root;
  const Router router;
  const ErrorPages error_pages;
  const std::string static_cache_control;  // empty = static files do not have it

  Site(ServeOptions settings, DocumentRoot root, std::optional<DocumentRoot> named_files);
};

// A Site as one loop uses it: with what that loop remembers of its files. The loop's thread only.
struct LoopSite {
  LoopSite(std::shared_ptr<const Site> of_all, const net::EventLoop& loop);

  const std::shared_ptr<const Site> site;
  FileCache files;
  std::optional<FileCache> sendfile_files;  // below SENDFILE_ROOT
  uint32_t exchanges = 0;                   // that began with it and are not over
};

}  // namespace howdah::serve

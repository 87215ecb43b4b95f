#pragma once

// The files below the document root, as routing and static files see them.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace howdah::serve {

enum class FileKind {
  kNone,       // nothing there, beyond a link that is not followed, or neither file nor directory
  kForbidden,  // behind a directory that this process may not enter: nobody can say what it is
  kFile,       // a regular file
  kDirectory,
};

// Paths begin with "/" and are below the root, normalised by http::decode_target().
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual FileKind kind_of(std::string_view path) const = 0;
};

enum class Symlinks {
  kFollow,   // may lead out of the root
  kBeneath,  // must stay below it
};

// The real files. Immutable, thread-safe.
class DocumentRoot final : public FileSystem {
 public:
  static base::Result<DocumentRoot> open(const std::string& root, Symlinks symlinks);

  FileKind kind_of(std::string_view path) const override;
  // For reading; never blocks on a FIFO.
  base::Result<base::UniqueFd> open_file(std::string_view path) const;

 private:
  DocumentRoot(base::UniqueFd root, Symlinks symlinks)
      : root_(std::move(root)), symlinks_(symlinks) {}
  int open_beneath(const char* name, uint64_t flags) const;

  base::UniqueFd root_;
  Symlinks symlinks_;
};

}  // namespace howdah::serve

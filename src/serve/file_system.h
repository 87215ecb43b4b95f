#pragma once

// The files below a folder, as routing and static files see them.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
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
  virtual FileKind kind_of(std::string_view path) = 0;
};

// A file's content at one time: who writes to the file or puts another in its place changes one of
// these.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  base::Nanos modified = 0;  // since the epoch, like the next
  base::Nanos changed = 0;
  bool operator==(const FileIdentity&) const = default;
};

struct FileLook {
  FileKind kind = FileKind::kNone;
  FileIdentity identity;
};

enum class Symlinks {
  kFollow,   // may lead out of the root
  kBeneath,  // must stay below it; an absolute one never does
};

// The real files below one folder. Immutable, thread-safe.
class DocumentRoot {
 public:
  // Fails with ENOSYS or EPERM where the kernel cannot do kBeneath.
  static base::Result<DocumentRoot> open(const std::string& root, Symlinks symlinks);

  FileLook look_at(std::string_view path) const;
  // For reading; never blocks on a FIFO.
  base::Result<base::UniqueFd> open_file(std::string_view path) const;

 private:
  DocumentRoot(base::UniqueFd root, Symlinks symlinks)
      : root_(std::move(root)), symlinks_(symlinks) {}
  int open_beneath(const char* name, uint64_t flags) const;

  base::UniqueFd root_;
  Symlinks symlinks_;
};

// The file behind a descriptor.
FileLook look_at(int fd);

}  // namespace howdah::serve

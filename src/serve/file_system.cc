#include "serve/file_system.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace howdah::serve {
namespace {

// A path below the root as a name for the *at() calls, NUL-terminated on the stack.
class RelativeName {
 public:
  explicit RelativeName(std::string_view path) {
    path.remove_prefix(1);
    if (path.empty()) path = ".";
    fits_ = path.size() < sizeof name_;
    if (!fits_) return;
    std::memcpy(name_, path.data(), path.size());
    name_[path.size()] = '\0';
  }
  bool fits() const { return fits_; }
  const char* c_str() const { return name_; }

 private:
  char name_[PATH_MAX];
  bool fits_;
};

FileKind kind_of_mode(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::kFile;
  return S_ISDIR(mode) ? FileKind::kDirectory : FileKind::kNone;
}

FileKind kind_of_failure() {
  return errno == EACCES || errno == EPERM ? FileKind::kForbidden : FileKind::kNone;
}

}  // namespace

base::Result<DocumentRoot> DocumentRoot::open(const std::string& root, Symlinks symlinks) {
  base::UniqueFd fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return base::fail_errno("document root");
  return DocumentRoot(std::move(fd), symlinks);
}

int DocumentRoot::open_beneath(const char* name, uint64_t flags) const {
  open_how how{};
  how.flags = flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return base::retry_eintr([&] {
    return static_cast<int>(::syscall(SYS_openat2, root_.get(), name, &how, sizeof how));
  });
}

FileKind DocumentRoot::kind_of(std::string_view path) const {
  RelativeName name(path);
  if (!name.fits()) return FileKind::kNone;
  struct stat info;
  if (symlinks_ == Symlinks::kFollow) {
    if (::fstatat(root_.get(), name.c_str(), &info, 0) < 0) return kind_of_failure();
    return kind_of_mode(info.st_mode);
  }
  base::UniqueFd fd(open_beneath(name.c_str(), O_PATH | O_CLOEXEC));
  if (!fd || ::fstat(fd.get(), &info) < 0) return kind_of_failure();
  return kind_of_mode(info.st_mode);
}

base::Result<base::UniqueFd> DocumentRoot::open_file(std::string_view path) const {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  RelativeName name(path);
  if (!name.fits()) return base::fail({base::ErrorKind::kSystem, ENAMETOOLONG, "open"});
  base::UniqueFd fd(symlinks_ == Symlinks::kFollow ? base::retry_eintr([&] {
    return ::openat(root_.get(), name.c_str(), kFlags);
  })
                                                   : open_beneath(name.c_str(), kFlags));
  if (!fd) return base::fail_errno("open");
  return fd;
}

}  // namespace howdah::serve

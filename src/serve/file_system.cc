#include "serve/file_system.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "serve/limits.h"

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

base::Nanos nanoseconds(const timespec& time) { return time.tv_sec * base::kSecond + time.tv_nsec; }

FileLook look_of(const struct stat& info) {
  FileKind kind = S_ISREG(info.st_mode)   ? FileKind::kFile
                  : S_ISDIR(info.st_mode) ? FileKind::kDirectory
                                          : FileKind::kNone;
  return {kind,
          {info.st_dev, info.st_ino, static_cast<uint64_t>(info.st_size), nanoseconds(info.st_mtim),
           nanoseconds(info.st_ctim)}};
}

FileLook look_of_failure() {
  return {errno == EACCES || errno == EPERM ? FileKind::kForbidden : FileKind::kNone, {}};
}

}  // namespace

base::Result<DocumentRoot> DocumentRoot::open(const std::string& root, Symlinks symlinks) {
  base::UniqueFd fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return base::fail_errno("document root");
  DocumentRoot opened(std::move(fd), symlinks);
  if (symlinks == Symlinks::kBeneath) {
    base::UniqueFd itself(opened.open_beneath(".", O_PATH | O_CLOEXEC));
    if (!itself) return base::fail_errno("openat2");
  }
  return opened;
}

int DocumentRoot::open_beneath(const char* name, uint64_t flags) const {
  open_how how{};
  how.flags = flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  int fd = -1;
  // EAGAIN: something was renamed meanwhile, and the kernel cannot say whether ".." stayed below.
  for (int tries = 0; tries < kBeneathTries; ++tries) {
    fd = base::retry_eintr([&] {
      return static_cast<int>(::syscall(SYS_openat2, root_.get(), name, &how, sizeof how));
    });
    if (fd >= 0 || errno != EAGAIN) break;
  }
  return fd;
}

FileLook DocumentRoot::look_at(std::string_view path) const {
  RelativeName name(path);
  if (!name.fits()) return {};
  struct stat info;
  if (symlinks_ == Symlinks::kFollow) {
    if (::fstatat(root_.get(), name.c_str(), &info, 0) < 0) return look_of_failure();
    return look_of(info);
  }
  base::UniqueFd fd(open_beneath(name.c_str(), O_PATH | O_CLOEXEC));
  if (!fd || ::fstat(fd.get(), &info) < 0) return look_of_failure();
  return look_of(info);
}

FileLook look_at(int fd) {
  struct stat info;
  if (::fstat(fd, &info) < 0) return look_of_failure();
  return look_of(info);
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

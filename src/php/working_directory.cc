#include "php/working_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

namespace howdah::php {
namespace {

// How old a look-up may be.
constexpr base::Nanos kTrusted = base::kSecond;

}  // namespace

void WorkingDirectory::enter_that_of(const char* path) {
  const char* slash = std::strrchr(path, '/');
  if (slash == nullptr) return;
  size_t size = slash == path ? 1 : static_cast<size_t>(slash - path);
  if (size >= sizeof name_) return;
  base::Nanos now = base::monotonic_now();
  bool same = directory_ && size == name_size_ && std::memcmp(path, name_, size) == 0 &&
              now - looked_up_at_ < kTrusted;
  if (!same) {
    if (!look_up(path, size)) return;
    looked_up_at_ = now;
  }
  [[maybe_unused]] int status = ::fchdir(directory_.get());
}

bool WorkingDirectory::look_up(const char* path, size_t size) {
  std::memcpy(name_, path, size);
  name_[size] = '\0';
  name_size_ = size;
  directory_.reset(::open(name_, O_PATH | O_DIRECTORY | O_CLOEXEC));
  return static_cast<bool>(directory_);
}

}  // namespace howdah::php

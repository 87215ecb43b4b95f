#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

namespace howdah::base {

void UniqueFd::reset(int fd) {
  // close() is not retried on EINTR: on Linux the descriptor is gone either way.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

SpareDescriptors::SpareDescriptors(size_t count)
    : count_(count), origin_(count == 0 ? -1 : ::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
  refill();
}

void SpareDescriptors::refill() {
  while (spares_.size() < count_) {
    UniqueFd copy(::fcntl(origin_.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return;
    spares_.push_back(std::move(copy));
  }
}

Status set_nonblocking(int fd) {
  int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return fail_errno("fcntl");
  return {};
}

Status set_cloexec(int fd, bool on) {
  if (::fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0) return fail_errno("fcntl");
  return {};
}

Status write_all(int fd, const void* data, size_t size) {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    ssize_t written = retry_eintr([&] { return ::write(fd, next, size); });
    if (written < 0) return fail_errno("write");
    next += written;
    size -= static_cast<size_t>(written);
  }
  return {};
}

}  // namespace howdah::base

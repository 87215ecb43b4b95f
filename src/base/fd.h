#pragma once

// Ownership of a file descriptor.

#include <utility>
#include <vector>

#include "base/result.h"

namespace howdah::base {

// Owns one descriptor, closes it at its end. Movable, never copied; -1 is empty.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  // Gives the descriptor up without closing it.
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// Descriptors that are kept for what must not fail when all others of the process are in use:
// those that come with a message are gone when there is no room for them.
class SpareDescriptors {
 public:
  explicit SpareDescriptors(size_t count);
  // From here to refill() as many can be opened, as far as no other thread is quicker.
  void release() { spares_.clear(); }
  void refill();

 private:
  size_t count_;
  UniqueFd origin_;  // what they are copies of
  std::vector<UniqueFd> spares_;
};

Status set_nonblocking(int fd);
Status set_cloexec(int fd, bool on);

// Writes all of the bytes to a blocking descriptor.
Status write_all(int fd, const void* data, size_t size);

}  // namespace howdah::base

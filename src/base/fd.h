#pragma once

// Ownership of a file descriptor.

#include <utility>

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

Status set_nonblocking(int fd);
Status set_cloexec(int fd, bool on);

// Writes all of the bytes to a blocking descriptor.
Status write_all(int fd, const void* data, size_t size);

}  // namespace howdah::base

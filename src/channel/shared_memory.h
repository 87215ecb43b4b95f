#pragma once

// Shared memory regions: memfds whose size can never change, and their mappings.

#include <cstddef>
#include <utility>

#include "base/fd.h"

namespace howdah::channel {

// Owns one mmap()ed range.
class Mapping {
 public:
  Mapping() = default;
  Mapping(void* data, size_t size) : data_(data), size_(size) {}
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping();

  void* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

// A range that is mapped twice in a row: byte i and byte i + size are the same, so that a record
// that wraps around the end of a ring is still in one piece.
class RingMapping {
 public:
  char* data() const { return static_cast<char*>(mapping_.data()); }
  size_t size() const { return mapping_.size() / 2; }

  // `offset` and `size` are multiples of the page size.
  static base::Result<RingMapping> map(int fd, size_t offset, size_t size);

 private:
  Mapping mapping_;
};

// A memfd of `size` zero bytes that nobody can shrink or grow: without these seals a worker could
// kill the front with ftruncate(). The caller adds the rest and seal_for_good().
base::Result<base::UniqueFd> make_region(const char* name, size_t size);

enum class Access { kReadOnly, kReadWrite };
// Maps all of `fd`; fails unless it is exactly `size` bytes.
base::Result<Mapping> map_region(int fd, size_t size, Access access);
// Maps the first `size` bytes of `fd`, which may be larger.
base::Result<Mapping> map_region_prefix(int fd, size_t size, Access access = Access::kReadOnly);

// After the front has mapped a region: nobody else can map it writable (F_SEAL_FUTURE_WRITE).
base::Status seal_future_writes(int fd);
// The last seal: no other can be added.
base::Status seal_for_good(int fd);

}  // namespace howdah::channel

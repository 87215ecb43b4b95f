#pragma once

// A queue of bytes in one piece of memory: written at its end, read at its front.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace howdah::base {

// Grows by doubling up to what its user writes; the user enforces limits (docs/flow_control.md).
// Views into it are valid until the next non-const call.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) release();
    swap(other);
    return *this;
  }
  void swap(Buffer& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  size_t capacity() const { return capacity_; }
  char* data() { return memory_.get() + begin_; }
  const char* data() const { return memory_.get() + begin_; }
  std::string_view view() const { return {data(), size()}; }

  // Room for at least `size` bytes at the end; commit() says how many were written.
  std::span<char> prepare(size_t size);
  void commit(size_t size) { end_ += size; }
  void append(std::string_view bytes);
  // Drops `size` bytes from the front.
  void consume(size_t size);
  void clear() { begin_ = end_ = 0; }
  // Gives the memory back. The buffer is empty after it.
  void release();

 private:
  std::unique_ptr<char[]> memory_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace howdah::base

#pragma once

// Bytes on their way to a client who has not taken them yet: memory first, then the spool.

#include <span>
#include <string_view>

#include "base/buffer.h"
#include "serve/spool.h"

namespace howdah::serve {

// First in, first out: what lies in memory is older than what lies in the file, so that once there
// is a file everything more goes there until it is empty. Empty, it holds no memory after reset().
class OutputQueue {
 public:
  explicit OutputQueue(Spool& spool) : file_(spool) {}

  uint64_t size() const { return memory_.size() + (file_.size() - file_taken_) + tail_.size(); }
  bool empty() const { return size() == 0; }
  // Of these, the bytes in memory.
  size_t in_memory() const { return memory_.size() + tail_.size(); }

  // Whether front() takes nothing from the file, and leaves memory where it is.
  bool has_front() const { return !memory_.empty(); }

  // Keeps the bytes in memory up to `limit`, in the spool beyond it. When that fails they are kept
  // in memory all the same, and the caller should take no more until there is room.
  base::Status append(std::string_view bytes, size_t limit);
  // The oldest bytes: read into memory when they lie in the file. Empty only when the queue is.
  base::Result<std::string_view> front();
  // The first `size` bytes of front() are done with.
  void consume(size_t size) { memory_.consume(size); }

  // Drops everything and gives memory, file and account back.
  void reset();

 private:
  base::Buffer memory_;  // the oldest bytes
  SpoolFile file_;       // what came after them
  uint64_t file_taken_ = 0;
  base::Buffer tail_;  // and after those, when the spool took no more
};

}  // namespace howdah::serve

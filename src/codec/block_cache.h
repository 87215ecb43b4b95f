#pragma once

// Memory for a library that allocates anew for each body and takes an allocator. What it frees is
// kept and given again: bodies of one kind ask for the same blocks, so from the second one on
// nothing comes from the heap.

#include <cstddef>

namespace howdah::codec {

// One encoder's; not thread-safe. Ends after the last block was released.
class BlockCache {
 public:
  // Keeps at most `limit` bytes that nobody uses.
  explicit BlockCache(size_t limit) : limit_(limit) {}
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  // Aligned for any type; null when there is no memory.
  void* allocate(size_t size);
  void release(void* block);

  size_t kept_bytes() const { return kept_bytes_; }

 private:
  struct alignas(alignof(max_align_t)) Block {
    Block* next;
    size_t size;
  };

  const size_t limit_;
  Block* kept_ = nullptr;
  size_t kept_bytes_ = 0;
};

}  // namespace howdah::codec

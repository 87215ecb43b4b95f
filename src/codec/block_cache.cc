#include "codec/block_cache.h"

#include <cstdlib>

namespace howdah::codec {

BlockCache::~BlockCache() {
  while (kept_ != nullptr) {
    Block* next = kept_->next;
    std::free(kept_);
    kept_ = next;
  }
}

void* BlockCache::allocate(size_t size) {
  Block** best = nullptr;
  for (Block** at = &kept_; *at != nullptr; at = &(*at)->next) {
    // A small one does not take a large one away.
    if ((*at)->size < size || (*at)->size / 2 > size) continue;
    if (best == nullptr || (*at)->size < (*best)->size) best = at;
  }
  Block* block;
  if (best != nullptr) {
    block = *best;
    *best = block->next;
    kept_bytes_ -= block->size;
  } else {
    block = static_cast<Block*>(std::malloc(sizeof(Block) + size));
    if (block == nullptr) return nullptr;
    block->size = size;
  }
  return block + 1;
}

void BlockCache::release(void* memory) {
  if (memory == nullptr) return;
  Block* block = static_cast<Block*>(memory) - 1;
  if (kept_bytes_ + block->size > limit_) return std::free(block);
  block->next = kept_;
  kept_ = block;
  kept_bytes_ += block->size;
}

}  // namespace howdah::codec

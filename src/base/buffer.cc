#include "base/buffer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace howdah::base {

std::span<char> Buffer::prepare(size_t wanted) {
  if (capacity_ - end_ < wanted) {
    size_t used = size();
    if (capacity_ - used >= wanted && begin_ > 0) {
      std::memmove(memory_.get(), data(), used);
    } else {
      size_t grown = std::max(capacity_ * 2, used + wanted);
      auto memory = std::make_unique_for_overwrite<char[]>(grown);
      if (used > 0) std::memcpy(memory.get(), data(), used);
      memory_ = std::move(memory);
      capacity_ = grown;
    }
    begin_ = 0;
    end_ = used;
  }
  return {memory_.get() + end_, capacity_ - end_};
}

void Buffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
  commit(bytes.size());
}

void Buffer::consume(size_t consumed) {
  assert(consumed <= size());
  begin_ += consumed;
  if (begin_ == end_) clear();
}

void Buffer::release() {
  memory_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace howdah::base

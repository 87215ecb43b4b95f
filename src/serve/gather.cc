#include "serve/gather.h"

#include <cstring>

namespace howdah::serve {
namespace {

// The kernel takes 1024 in one call; a frame needs two, or one more for each piece of a ring.
constexpr size_t kMostPieces = 1000;

}  // namespace

void Gather::begin() {
  if (!memory_) memory_ = std::make_unique_for_overwrite<char[]>(kArenaBytes);
  ++round_;
  front_ = size_ = 0;
  back_ = kArenaBytes;
  pieces_.clear();
}

bool Gather::full() const {
  return size_ >= kGatherBytes || pieces_.size() >= kMostPieces ||
         back_ - front_ < 3 * kGatherPiece;
}

void Gather::append(std::string_view bytes) {
  if (bytes.empty()) return;
  char* copy = memory_.get() + front_;
  std::memcpy(copy, bytes.data(), bytes.size());
  front_ += bytes.size();
  if (!pieces_.empty()) {
    iovec& last = pieces_.back();
    if (static_cast<char*>(last.iov_base) + last.iov_len == copy) {
      last.iov_len += bytes.size();
      size_ += bytes.size();
      return;
    }
  }
  refer({copy, bytes.size()});
}

void Gather::add(std::string_view bytes) {
  bytes.size() <= kCopiedBytes ? append(bytes) : refer(bytes);
}

void Gather::refer(std::string_view bytes) {
  if (bytes.empty()) return;
  pieces_.push_back({const_cast<char*>(bytes.data()), bytes.size()});
  size_ += bytes.size();
}

std::span<char> Gather::take(size_t size) {
  back_ -= size;
  return {memory_.get() + back_, size};
}

}  // namespace howdah::serve

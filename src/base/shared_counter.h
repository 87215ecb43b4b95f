#pragma once

// A number that a process and those it forks count in together.

#include <atomic>
#include <cstdint>
#include <utility>

#include "base/result.h"

namespace howdah::base {

// Made before the fork. Anyone who has it may write anything: good for telling, not for deciding.
class SharedCounter {
 public:
  static Result<SharedCounter> create();
  SharedCounter(SharedCounter&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  SharedCounter& operator=(SharedCounter&&) = delete;
  ~SharedCounter();

  void add(uint64_t count) { value_->fetch_add(count, std::memory_order_relaxed); }
  uint64_t value() const { return value_->load(std::memory_order_relaxed); }

 private:
  explicit SharedCounter(std::atomic<uint64_t>* value) : value_(value) {}
  std::atomic<uint64_t>* value_;
};

}  // namespace howdah::base

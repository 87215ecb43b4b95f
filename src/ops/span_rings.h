#pragma once

// Where finished requests wait to be exported: memory that the front shares with the process that
// exports them.
//
// One ring an event loop, so that each has one writer and one reader: writing is a copy and a
// store, no lock, no allocation, no system call. A full ring drops what is new. The front is the
// one that strangers talk to, so its reader believes nothing of what lies there.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "ops/span.h"

namespace howdah::ops {

inline constexpr size_t kSpansPerRing = 4096;  // 8 MiB, of which the kernel gives what is used

// All zero is an empty one.
class SpanRing {
 public:
  // Writer. Does nothing but count when the ring is full.
  void write(const serve::ExchangeReport& report, base::Nanos now);
  // Reader. False when there is none.
  bool take(SpanRecord& span);
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<uint64_t> written_;  // the writer's; counts for ever
  std::atomic<uint64_t> dropped_;              // the writer's
  alignas(64) std::atomic<uint64_t> taken_;    // the reader's
  alignas(64) SpanRecord spans_[kSpansPerRing];
};

// All rings and the reader's counts. Made by the parent before it forks front and exporter; lives
// as long as the longest of them, so that either can be started again.
class SpanRings {
 public:
  static base::Result<SpanRings> create(size_t loops);
  SpanRings(SpanRings&& other) noexcept;
  SpanRings& operator=(SpanRings&&) = delete;
  ~SpanRings();

  size_t size() const { return count_; }
  SpanRing& ring(size_t loop) { return rings_[loop]; }

  // Reader.
  void count_exported(uint64_t spans) { counts_->exported += spans; }
  void count_lost(uint64_t spans) { counts_->lost += spans; }
  // Anybody.
  uint64_t exported() const { return counts_->exported; }
  // For want of room, or because the collector would not have them.
  uint64_t dropped() const;

 private:
  struct alignas(64) Counts {
    std::atomic<uint64_t> exported;
    std::atomic<uint64_t> lost;
  };
  SpanRings(void* memory, size_t count);

  size_t count_;
  Counts* counts_;  // the beginning of the mapping
  SpanRing* rings_;
};

}  // namespace howdah::ops

#include "ops/span_rings.h"

#include <sys/mman.h>

#include <cstring>
#include <utility>

namespace howdah::ops {

static_assert(std::atomic<uint64_t>::is_always_lock_free);  // it is shared between processes

void SpanRing::write(const serve::ExchangeReport& report, base::Nanos now) {
  uint64_t written = written_.load(std::memory_order_relaxed);
  if (written - taken_.load(std::memory_order_acquire) >= kSpansPerRing) {
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return;
  }
  fill_span(spans_[written % kSpansPerRing], report, now);
  written_.store(written + 1, std::memory_order_release);
}

bool SpanRing::take(SpanRecord& span) {
  uint64_t taken = taken_.load(std::memory_order_relaxed);
  uint64_t written = written_.load(std::memory_order_acquire);
  // More than fit: it has been tampered with, and what lies there says nothing.
  if (written - taken > kSpansPerRing) {
    taken_.store(written, std::memory_order_release);
    return false;
  }
  if (written == taken) return false;
  std::memcpy(&span, &spans_[taken % kSpansPerRing], sizeof span);
  taken_.store(taken + 1, std::memory_order_release);
  return true;
}

base::Result<SpanRings> SpanRings::create(size_t loops) {
  size_t size = sizeof(Counts) + loops * sizeof(SpanRing);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return base::fail_errno("mmap");
  return SpanRings(memory, loops);
}

SpanRings::SpanRings(void* memory, size_t count)
    : count_(count),
      counts_(static_cast<Counts*>(memory)),
      rings_(reinterpret_cast<SpanRing*>(counts_ + 1)) {}

SpanRings::SpanRings(SpanRings&& other) noexcept
    : count_(other.count_), counts_(std::exchange(other.counts_, nullptr)), rings_(other.rings_) {}

SpanRings::~SpanRings() {
  if (counts_ != nullptr) ::munmap(counts_, sizeof(Counts) + count_ * sizeof(SpanRing));
}

uint64_t SpanRings::dropped() const {
  uint64_t dropped = counts_->lost;
  for (size_t i = 0; i < count_; ++i) dropped += rings_[i].dropped();
  return dropped;
}

}  // namespace howdah::ops

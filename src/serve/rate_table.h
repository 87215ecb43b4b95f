#pragma once

// How many requests each client has made in the present window (RATE_LIMIT), in memory of a fixed
// size.
//
// A client's key leads by a keyed hash to a bucket of two cache lines: ten places, each a key and a
// count, all of one window. A bucket that is touched in a later window begins it empty, so nothing
// has to be swept.
//
// Where more than ten clients of one window meet in a bucket, the newcomer takes the place with the
// fewest requests (of several such, the one that has been there longest) and begins at 1. So
// whoever sends most is never lost sight of, and nobody is counted for what others have sent. What
// is given up are the counts of those who have sent least. With a million clients a window that
// happens to fewer than one in 100 of them.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace howdah::serve {

// 32 MiB, of which a bucket that was never used takes none.
inline constexpr size_t kRateBuckets = size_t{1} << 18;

// Thread-safe; allocates at its making alone. A bucket has a lock that is held for some tens of
// instructions and never across a system call: two threads meet there only when they count the same
// client or its neighbours.
class RateTable {
 public:
  static constexpr size_t kPlaces = 10;  // of a bucket

  // `seed` keeps clients from choosing their buckets. `buckets` is a power of two.
  explicit RateTable(uint64_t seed, size_t buckets = kRateBuckets);
  RateTable(const RateTable&) = delete;
  RateTable& operator=(const RateTable&) = delete;

  // One more request; returns how many it makes in this window. `window` numbers go up: one that is
  // a single step behind its bucket is a thread's that looked at the clock just before, and counts
  // there.
  uint32_t add(uint64_t client, uint32_t window);
  // The client has made at least `count` by what others say. Nothing when the window is over.
  void raise(uint64_t client, uint32_t window, uint32_t count);
  // In this window; 0 = it has no place.
  uint32_t count(uint64_t client, uint32_t window) const;

 private:
  struct alignas(128) Bucket {
    std::atomic<uint8_t> lock;
    uint8_t next;  // where the search for a place to give up begins
    uint32_t window;
    uint32_t counts[kPlaces];  // 0 = free
    uint64_t keys[kPlaces];
  };
  static_assert(sizeof(Bucket) == 128);
  class Hold;
  struct Unmap {
    size_t bytes;
    void operator()(Bucket* buckets) const;
  };

  Bucket& bucket_of(uint64_t client) const;
  static size_t find(const Bucket& bucket, uint64_t client);
  static size_t make_place(Bucket& bucket, uint64_t client);

  const uint64_t seed_;
  const uint64_t mask_;
  const std::unique_ptr<Bucket[], Unmap> buckets_;
};

}  // namespace howdah::serve

#include "serve/rate_table.h"

#include <sched.h>
#include <sys/mman.h>

#include <cassert>
#include <limits>

#include "base/result.h"

namespace howdah::serve {
namespace {

// Looks at a lock before its holder is taken to have lost the CPU.
constexpr int kSpins = 64;

// Zero bytes are free buckets, and cost no memory until they are written to.
void* map_zeros(size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) base::die("memory for the counts of RATE_LIMIT");
  return memory;
}

// SplitMix64's finaliser: every bit of the key counts in every bit of the result.
uint64_t mix(uint64_t key) {
  key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9;
  key = (key ^ key >> 27) * 0x94D049BB133111EB;
  return key ^ key >> 31;
}

uint32_t plus_one(uint32_t count) {
  return count == std::numeric_limits<uint32_t>::max() ? count : count + 1;
}

}  // namespace

class RateTable::Hold {
 public:
  explicit Hold(Bucket& bucket) : bucket_(bucket) {
    while (bucket_.lock.exchange(1, std::memory_order_acquire) != 0) {
      for (int spins = 0; bucket_.lock.load(std::memory_order_relaxed) != 0; ++spins) {
        if (spins >= kSpins) ::sched_yield();
      }
    }
  }
  ~Hold() { bucket_.lock.store(0, std::memory_order_release); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

 private:
  Bucket& bucket_;
};

void RateTable::Unmap::operator()(Bucket* buckets) const { ::munmap(buckets, bytes); }

RateTable::RateTable(uint64_t seed, size_t buckets)
    : seed_(seed),
      mask_(buckets - 1),
      buckets_(static_cast<Bucket*>(map_zeros(buckets * sizeof(Bucket))),
               Unmap{buckets * sizeof(Bucket)}) {
  assert((buckets & mask_) == 0);
}

RateTable::Bucket& RateTable::bucket_of(uint64_t client) const {
  return buckets_[mix(client ^ seed_) & mask_];
}

// kPlaces when it has none.
size_t RateTable::find(const Bucket& bucket, uint64_t client) {
  for (size_t i = 0; i < kPlaces; ++i) {
    if (bucket.keys[i] == client && bucket.counts[i] != 0) return i;
  }
  return kPlaces;
}

size_t RateTable::make_place(Bucket& bucket, uint64_t client) {
  size_t least = bucket.next;
  for (size_t step = 0; step < kPlaces && bucket.counts[least] != 0; ++step) {
    size_t i = (bucket.next + step) % kPlaces;
    if (bucket.counts[i] < bucket.counts[least]) least = i;
  }
  bucket.next = static_cast<uint8_t>((least + 1) % kPlaces);
  bucket.keys[least] = client;
  bucket.counts[least] = 0;
  return least;
}

uint32_t RateTable::add(uint64_t client, uint32_t window) {
  Bucket& bucket = bucket_of(client);
  Hold hold(bucket);
  if (bucket.window != window && bucket.window != window + 1) {
    bucket.window = window;
    for (uint32_t& count : bucket.counts) count = 0;
  }
  size_t place = find(bucket, client);
  if (place == kPlaces) place = make_place(bucket, client);
  return bucket.counts[place] = plus_one(bucket.counts[place]);
}

void RateTable::raise(uint64_t client, uint32_t window, uint32_t count) {
  Bucket& bucket = bucket_of(client);
  Hold hold(bucket);
  if (bucket.window != window) return;
  size_t place = find(bucket, client);
  if (place < kPlaces && bucket.counts[place] < count) bucket.counts[place] = count;
}

uint32_t RateTable::count(uint64_t client, uint32_t window) const {
  Bucket& bucket = bucket_of(client);
  Hold hold(bucket);
  size_t place = find(bucket, client);
  return bucket.window == window && place < kPlaces ? bucket.counts[place] : 0;
}

}  // namespace howdah::serve

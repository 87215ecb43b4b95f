#pragma once

// Random identifiers: unpredictable enough that they do not collide or tell anything; not for keys.

#include <array>
#include <cstdint>
#include <string_view>

namespace howdah::base {

// xoshiro256**, seeded by the kernel. One per thread; not thread-safe. After fork() a child must
// make its own.
class RandomIds {
 public:
  RandomIds();
  uint64_t next();

 private:
  std::array<uint64_t, 4> state_;
};

// Fills `bytes` from the kernel's generator; aborts if it has none.
void kernel_random(void* bytes, size_t size);

// 16 lower-case hexadecimal digits.
void put_hex64(uint64_t value, char out[16]);

}  // namespace howdah::base

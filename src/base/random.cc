#include "base/random.h"

#include <sys/random.h>

#include <bit>

#include "base/result.h"

namespace howdah::base {

void kernel_random(void* bytes, size_t size) {
  char* next = static_cast<char*>(bytes);
  while (size > 0) {
    ssize_t got = retry_eintr([&] { return ::getrandom(next, size, 0); });
    if (got < 0) die("getrandom");
    next += got;
    size -= static_cast<size_t>(got);
  }
}

RandomIds::RandomIds() { kernel_random(state_.data(), sizeof state_); }

uint64_t RandomIds::next() {
  uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void put_hex64(uint64_t value, char out[16]) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 15; i >= 0; --i, value >>= 4) out[i] = kDigits[value & 15];
}

}  // namespace howdah::base

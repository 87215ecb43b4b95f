#include "base/random.h"

#include <sys/random.h>

#include <bit>
#include <cstring>

#include "base/result.h"

namespace howdah::base {
namespace {

// The two digits of each byte: a request writes three numbers.
constexpr auto kHexPairs = [] {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (size_t byte = 0; byte < pairs.size(); ++byte) {
    pairs[byte] = {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return pairs;
}();

}  // namespace

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
  for (int at = 14; at >= 0; at -= 2, value >>= 8) {
    std::memcpy(out + at, kHexPairs[value & 0xff].data(), 2);
  }
}

}  // namespace howdah::base

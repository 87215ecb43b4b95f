#include "base/random.h"

#include <gtest/gtest.h>

#include <string>

namespace howdah::base {
namespace {

std::string hex(uint64_t value) {
  char digits[16];
  put_hex64(value, digits);
  return {digits, sizeof digits};
}

TEST(PutHex64, WritesAllDigitsMostSignificantFirst) {
  EXPECT_EQ(hex(0), "0000000000000000");
  EXPECT_EQ(hex(0x0123456789abcdef), "0123456789abcdef");
  EXPECT_EQ(hex(UINT64_MAX), "ffffffffffffffff");
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(std::stoul(hex(static_cast<uint64_t>(byte) << 56), nullptr, 16) >> 56,
              static_cast<unsigned long>(byte));
  }
}

TEST(RandomIds, DifferFromOneGeneratorToTheNext) {
  RandomIds one, other;
  uint64_t first = one.next();
  EXPECT_NE(first, one.next());
  EXPECT_NE(first, other.next());
}

}  // namespace
}  // namespace howdah::base

#include "base/length.h"

#include <gtest/gtest.h>

namespace howdah::base {
namespace {

TEST(ParseLength, TakesDigitsOnly) {
  uint64_t length = 1;
  EXPECT_TRUE(parse_length("0", length));
  EXPECT_EQ(length, 0u);
  EXPECT_TRUE(parse_length("0042", length));
  EXPECT_EQ(length, 42u);
  EXPECT_TRUE(parse_length("999999999999999999", length));
  EXPECT_EQ(length, 999999999999999999u);
  for (const char* text : {"", "+1", "-1", " 1", "1 ", "0x1", "1,1", "1.0", "\xd9\xa1"}) {
    EXPECT_FALSE(parse_length(text, length)) << text;
  }
}

TEST(ParseLength, RefusesWhatMayNotFit) {
  uint64_t length = 0;
  EXPECT_FALSE(parse_length("1000000000000000000", length));
  EXPECT_FALSE(parse_length("18446744073709551617", length)) << "1, to who overflows";
}

}  // namespace
}  // namespace howdah::base

#include "base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace howdah::base {
namespace {

std::string as_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, EscapesQuotesBackslashesAndControlBytes) {
  EXPECT_EQ(as_json("a\"b\\c\nd\x01"), R"("a\"b\\c\nd\u0001")");
}

TEST(JsonString, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(as_json("h\xC3\xA9"), "\"h\xC3\xA9\"");
  EXPECT_EQ(as_json("\xC3("), "\"\\ufffd(\"");
  EXPECT_EQ(as_json("\xC0\xAF"), "\"\\ufffd\\ufffd\"");
  EXPECT_EQ(as_json("\xED\xA0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
}

TEST(JsonString, EscapesControlCharactersOfTwoBytes) {
  EXPECT_EQ(as_json("\xC2\x9B[31m"), R"("\u009b[31m")");
  EXPECT_EQ(as_json("\xC2\xA0"), "\"\xC2\xA0\"");
}

TEST(JsonString, IsValidJsonForEveryPairOfBytes) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      std::string text{static_cast<char>(a), static_cast<char>(b)};
      ASSERT_TRUE(nlohmann::json::accept(as_json(text))) << a << " " << b;
    }
  }
}

}  // namespace
}  // namespace howdah::base

#include "http/chars.h"

#include <gtest/gtest.h>

#include <string>

namespace howdah::http {
namespace {

TEST(Chars, TokensAreThoseOfTheRfc) {
  const std::string allowed =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int c = 0; c < 256; ++c) {
    EXPECT_EQ(is_token_char(static_cast<char>(c)),
              allowed.find(static_cast<char>(c)) != std::string::npos)
        << c;
  }
  EXPECT_TRUE(is_token("GET"));
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token("a b"));
}

TEST(Chars, FindsEveryControlByteAtEveryPlace) {
  for (size_t size = 1; size < 20; ++size) {
    for (size_t place = 0; place < size; ++place) {
      for (int c = 0; c < 256; ++c) {
        std::string text(size, 'x');
        text[place] = static_cast<char>(c);
        EXPECT_EQ(has_control(text), (c < 32 && c != '\t') || c == 127) << c << " at " << place;
      }
    }
  }
  EXPECT_TRUE(has_control("\t\t\t\x01\t\t\t\t")) << "beside tabs";
}

TEST(Chars, FieldValuesHaveNoSpaceAtTheirEnds) {
  EXPECT_TRUE(valid_field_value(""));
  EXPECT_TRUE(valid_field_value("a \t\xff b"));
  EXPECT_FALSE(valid_field_value(" a"));
  EXPECT_FALSE(valid_field_value("a\t"));
  EXPECT_FALSE(valid_field_value("a\r\nb"));
}

TEST(Chars, VisibleAsciiIsNeitherSpaceNorControlNorHigh) {
  EXPECT_TRUE(is_visible_ascii("!~"));
  EXPECT_FALSE(is_visible_ascii(""));
  EXPECT_FALSE(is_visible_ascii("a b"));
  EXPECT_FALSE(is_visible_ascii("\x7f"));
  EXPECT_FALSE(is_visible_ascii("\x80"));
}

TEST(Chars, ComparesLettersWithoutCaseAndNothingElse) {
  EXPECT_TRUE(iequals("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("@", "`"));
  EXPECT_FALSE(iequals("[", "{"));
}

TEST(Chars, TrimsSpacesAndTabs) {
  EXPECT_EQ(trim_ows(" \ta b\t "), "a b");
  EXPECT_EQ(trim_ows(" \t"), "");
  EXPECT_EQ(trim_ows("\r\na"), "\r\na");
}

TEST(Chars, ReadsHexDigits) {
  EXPECT_EQ(hex_digit('0'), 0);
  EXPECT_EQ(hex_digit('f'), 15);
  EXPECT_EQ(hex_digit('A'), 10);
  EXPECT_EQ(hex_digit('g'), -1);
  EXPECT_EQ(hex_digit('@'), -1);
}

}  // namespace
}  // namespace howdah::http

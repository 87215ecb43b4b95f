#include "http/ranges.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace howdah::http {
namespace {

constexpr uint64_t kFileSize = 1000;

// "whole", "416", or the parts: "0+5 10+1".
std::string text_of(RangeAnswer answer, const ByteRanges& ranges) {
  if (answer == RangeAnswer::kWhole) return "whole";
  if (answer == RangeAnswer::kUnsatisfiable) return "416";
  std::string text;
  for (const ByteRange& range : ranges.all()) {
    if (!text.empty()) text += ' ';
    text += std::to_string(range.offset) + "+" + std::to_string(range.length);
  }
  return text;
}

std::string parsed(std::string_view value, uint64_t size = kFileSize) {
  ByteRanges ranges;
  RangeAnswer answer = parse_ranges(value, size, ranges);
  return text_of(answer, ranges);
}

struct Case {
  const char* value;
  const char* expected;
};

std::ostream& operator<<(std::ostream& out, const Case& row) { return out << row.value; }

class RangesTable : public testing::TestWithParam<Case> {};

TEST_P(RangesTable, IsReadAsTheRfcSays) {
  EXPECT_EQ(parsed(GetParam().value), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Ranges, RangesTable,
    testing::Values(
        // one range
        Case{"bytes=0-499", "0+500"}, Case{"bytes=500-", "500+500"}, Case{"bytes=-500", "500+500"},
        Case{"bytes=0-0", "0+1"}, Case{"bytes=-1", "999+1"}, Case{"BYTES=0-0", "0+1"},
        Case{"bytes= 0-0 ", "0+1"},
        // beyond the end
        Case{"bytes=990-2000", "990+10"}, Case{"bytes=-5000", "0+1000"},
        Case{"bytes=0-99999999999999999999999", "0+1000"}, Case{"bytes=1000-", "416"},
        Case{"bytes=99999999999999999999999-", "416"}, Case{"bytes=-0", "416"},
        Case{"bytes=1000-,2000-3000", "416"},
        // several
        Case{"bytes=0-4,10-10", "0+5 10+1"}, Case{"bytes=10-10, 0-4", "10+1 0+5"},
        Case{"bytes=0-4,-5", "0+5 995+5"}, Case{"bytes=,0-4,,10-10,", "0+5 10+1"},
        Case{"bytes=0-4,5-9", "0+5 5+5"}, Case{"bytes=0-4,1000-1001", "0+5"},
        // wanted twice
        Case{"bytes=0-4,4-9", "whole"}, Case{"bytes=0-,-1", "whole"},
        Case{"bytes=0-9,2-3", "whole"},
        // not ranges
        Case{"bytes=", "whole"}, Case{"bytes=,", "whole"}, Case{"bytes", "whole"},
        Case{"", "whole"}, Case{"bytes=-", "whole"}, Case{"bytes=5-4", "whole"},
        Case{"bytes=a-b", "whole"}, Case{"bytes=0", "whole"}, Case{"bytes=0-4,x", "whole"},
        Case{"bytes=1000-,x", "whole"}, Case{"bytes=+1-4", "whole"}, Case{"bytes=0 - 4", "whole"},
        Case{"bytes=0x1-4", "whole"}, Case{"bytes =0-4", "whole"}, Case{"pages=0-4", "whole"},
        Case{"bytes=--1", "whole"}, Case{"bytes=1-2-3", "whole"}));

TEST(Ranges, OfNothingAreNone) {
  EXPECT_EQ(parsed("bytes=0-", 0), "416");
  EXPECT_EQ(parsed("bytes=0-0", 0), "416");
  EXPECT_EQ(parsed("bytes=-1", 0), "whole");
  EXPECT_EQ(parsed("bytes=-0", 0), "416");
}

TEST(Ranges, ReachBeyondFourGibibytes) {
  uint64_t size = (uint64_t{5} << 30) + 10;
  EXPECT_EQ(parsed("bytes=5368709120-", size), "5368709120+10");
  EXPECT_EQ(parsed("bytes=-10", size), "5368709120+10");
  EXPECT_EQ(parsed("bytes=0-5368709119", size), "0+5368709120");
  EXPECT_EQ(parsed("bytes=0-18446744073709551615", UINT64_MAX), "0+18446744073709551615");
}

TEST(Ranges, AreAtMostSoMany) {
  std::string value = "bytes=0-0";
  for (size_t i = 1; i < kMaxRanges; ++i)
    value += "," + std::to_string(i) + "-" + std::to_string(i);
  EXPECT_NE(parsed(value), "whole");
  EXPECT_EQ(parsed(value + ",999-999"), "whole");
}

class RequestedRanges : public testing::Test {
 protected:
  RequestedRanges() { head_.method = "GET"; }

  std::string asked() {
    ByteRanges ranges;
    RangeAnswer answer = requested_ranges(head_, validators_, kFileSize, ranges);
    return text_of(answer, ranges);
  }

  RequestHead head_;
  Validators validators_{.etag = "\"tag\"", .last_modified = 784111777, .date_is_strong = true};
};

TEST_F(RequestedRanges, AreThoseOfAGet) {
  EXPECT_EQ(asked(), "whole");
  head_.fields = {{"Range", "bytes=0-4"}};
  EXPECT_EQ(asked(), "0+5");
  head_.method = "HEAD";
  EXPECT_EQ(asked(), "whole");
  head_.method = "POST";
  EXPECT_EQ(asked(), "whole");
}

TEST_F(RequestedRanges, AreNoneInTwoFields) {
  head_.fields = {{"Range", "bytes=0-4"}, {"range", "bytes=0-4"}};
  EXPECT_EQ(asked(), "whole");
}

TEST_F(RequestedRanges, NeedWhatIfRangeNames) {
  const Case kCases[] = {
      {"\"tag\"", "0+5"},
      {"\"other\"", "whole"},
      {"W/\"tag\"", "whole"},
      {"\"tag\", \"other\"", "whole"},
      {"Sun, 06 Nov 1994 08:49:37 GMT", "0+5"},
      {"Sun, 06 Nov 1994 08:49:38 GMT", "whole"},
      {"Sun, 06 Nov 1994 08:49:36 GMT", "whole"},
      {"yesterday", "whole"},
      {"", "whole"},
  };
  for (const Case& row : kCases) {
    head_.fields = {{"Range", "bytes=0-4"}, {"If-Range", row.value}};
    EXPECT_EQ(asked(), row.expected) << row.value;
  }
  head_.fields = {{"Range", "bytes=0-4"}, {"If-Range", "\"tag\""}, {"If-Range", "\"tag\""}};
  EXPECT_EQ(asked(), "whole") << "twice";
}

TEST_F(RequestedRanges, DoNotTrustTheDateOfWhatChangedJustNow) {
  head_.fields = {{"Range", "bytes=0-4"}, {"If-Range", "Sun, 06 Nov 1994 08:49:37 GMT"}};
  validators_.date_is_strong = false;
  EXPECT_EQ(asked(), "whole");
}

TEST_F(RequestedRanges, AreNotLookedAtWhenIfRangeFails) {
  head_.fields = {{"Range", "bytes=5000-"}, {"If-Range", "\"other\""}};
  EXPECT_EQ(asked(), "whole") << "not 416";
}

TEST(RangeParts, SayWhereTheyLie) {
  std::string text;
  append_content_range(text, {5, 10}, 1234);
  EXPECT_EQ(text, "bytes 5-14/1234");
  text.clear();
  append_unsatisfied_range(text, 1234);
  EXPECT_EQ(text, "bytes */1234");
}

TEST(RangeParts, AddUpToTheirLength) {
  PartsForm form{.boundary = "b", .content_type = "text/plain", .size = 100};
  std::vector<ByteRange> ranges = {{0, 3}, {50, 2}};
  std::string body;
  append_part_head(body, form, ranges[0]);
  EXPECT_EQ(body, "\r\n--b\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-2/100\r\n\r\n");
  body += "abc";
  append_part_head(body, form, ranges[1]);
  body += "xy";
  append_parts_end(body, form);
  EXPECT_TRUE(body.ends_with("xy\r\n--b--\r\n"));
  EXPECT_EQ(parts_length(form, ranges), body.size());
}

}  // namespace
}  // namespace howdah::http

#include "http/validators.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace howdah::http {
namespace {

constexpr int64_t kThen = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT

TEST(HttpDate, IsReadInItsThreeForms) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kThen);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), kThen);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), kThen);
  EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 23:59:59 GMT"), 1709251199);
  EXPECT_EQ(parse_http_date("Wednesday, 01-Jan-25 00:00:00 GMT"), 1735689600);
}

TEST(HttpDate, IsNothingElse) {
  for (const char* bad : {"", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
                          "Sun, 6 Nov 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
                          "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Nov 19x4 08:49:37 GMT",
                          "Sun Nov 06 08:49:37 1994 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(bad)) << bad;
  }
}

TEST(Etag, IsSizeAndTimeInHex) {
  std::string out;
  append_etag(out, 0x1f, 0x65a3b2c1);
  EXPECT_EQ(out, "\"1f-65a3b2c1\"");
}

class PreconditionTest : public testing::Test {
 protected:
  Precondition evaluate(std::vector<Field> fields, std::string_view method = "GET") {
    RequestHead head;
    head.method = method;
    head.fields = std::move(fields);
    return evaluate_preconditions(head, {"\"a-1\"", kThen});
  }
  static constexpr std::string_view kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
  static constexpr std::string_view kEarlier = "Sun, 06 Nov 1994 08:49:36 GMT";
};

TEST_F(PreconditionTest, NoneMeansProceed) {
  EXPECT_EQ(evaluate({{"Accept", "*/*"}}), Precondition::kProceed);
}

TEST_F(PreconditionTest, IfNoneMatchComparesWeakly) {
  for (const char* list :
       {"\"a-1\"", "W/\"a-1\"", "*", "\"x\", \"a-1\"", "\"x,\" , W/\"a-1\"", ",\"a-1\""}) {
    EXPECT_EQ(evaluate({{"if-none-match", list}}), Precondition::kNotModified) << list;
  }
  for (const char* list : {"\"a-2\"", "a-1", "\"a-1", "", "w/\"a-1\"", "\"x\"\\\"a-1\""}) {
    EXPECT_EQ(evaluate({{"If-None-Match", list}}), Precondition::kProceed) << list;
  }
  EXPECT_EQ(evaluate({{"If-None-Match", "\"x\""}, {"If-None-Match", "\"a-1\""}}),
            Precondition::kNotModified)
      << "a list in two fields";
  EXPECT_EQ(evaluate({{"If-None-Match", "\"a-1\""}}, "HEAD"), Precondition::kNotModified);
  EXPECT_EQ(evaluate({{"If-None-Match", "\"a-1\""}}, "PUT"), Precondition::kFailed);
}

TEST_F(PreconditionTest, IfMatchComparesStrongly) {
  EXPECT_EQ(evaluate({{"If-Match", "\"x\", \"a-1\""}}), Precondition::kProceed);
  EXPECT_EQ(evaluate({{"If-Match", "*"}}), Precondition::kProceed);
  EXPECT_EQ(evaluate({{"If-Match", "W/\"a-1\""}}), Precondition::kFailed);
  EXPECT_EQ(evaluate({{"If-Match", "\"x\""}}), Precondition::kFailed);
}

TEST_F(PreconditionTest, DatesCompareToTheSecond) {
  EXPECT_EQ(evaluate({{"If-Modified-Since", kSame}}), Precondition::kNotModified);
  EXPECT_EQ(evaluate({{"If-Modified-Since", kEarlier}}), Precondition::kProceed);
  EXPECT_EQ(evaluate({{"If-Modified-Since", kSame}}, "PUT"), Precondition::kProceed);
  EXPECT_EQ(evaluate({{"If-Modified-Since", "yesterday"}}), Precondition::kProceed);
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", kSame}}), Precondition::kProceed);
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", kEarlier}}), Precondition::kFailed);
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", "yesterday"}}), Precondition::kProceed);
}

TEST_F(PreconditionTest, TagsGoBeforeDates) {
  EXPECT_EQ(evaluate({{"If-None-Match", "\"x\""}, {"If-Modified-Since", kSame}}),
            Precondition::kProceed);
  EXPECT_EQ(evaluate({{"If-Match", "\"a-1\""}, {"If-Unmodified-Since", kEarlier}}),
            Precondition::kProceed);
  EXPECT_EQ(evaluate({{"If-Match", "\"x\""}, {"If-None-Match", "\"a-1\""}}), Precondition::kFailed);
  EXPECT_EQ(evaluate({{"If-Match", "\"a-1\""}, {"If-None-Match", "\"a-1\""}}),
            Precondition::kNotModified);
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", kEarlier}, {"If-None-Match", "\"a-1\""}}),
            Precondition::kFailed);
}

}  // namespace
}  // namespace howdah::http

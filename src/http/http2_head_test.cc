#include "http/http2_head.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace howdah::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;
using Verdict = Http2HeadReader::Verdict;

const Fields kGet = {
    {":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/x?y"}};

Fields with(Fields fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

class Http2HeadTest : public testing::Test {
 protected:
  Verdict read(const Fields& fields, bool ends_stream = true) {
    reader_.begin();
    for (auto& [name, value] : fields) reader_.add(name, value);
    return reader_.finish(ends_stream);
  }
  std::string value(std::string_view name) {
    const Field* field = reader_.head().find_only(name);
    return field != nullptr ? std::string(field->value) : "(absent)";
  }
  Http2HeadReader reader_{{.max_head = 1000, .max_fields = 12}};
};

TEST_F(Http2HeadTest, ReadsARequest) {
  ASSERT_EQ(read(with(kGet, {{"accept", "*/*"}, {"x-a", ""}})), Verdict::kRequest);
  EXPECT_EQ(reader_.head().method, "GET");
  EXPECT_EQ(reader_.head().target, "/x?y");
  EXPECT_EQ(reader_.head().host, "a");
  EXPECT_EQ(reader_.head().version, Version::kHttp2);
  EXPECT_EQ(reader_.head().framing, BodyFraming::kNone);
  EXPECT_EQ(reader_.head().fields.size(), 2u);
  EXPECT_EQ(value("accept"), "*/*");
  EXPECT_EQ(value("x-a"), "");
}

TEST_F(Http2HeadTest, JoinsTheCrumbsOfACookie) {
  ASSERT_EQ(read(with(kGet, {{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}})),
            Verdict::kRequest);
  EXPECT_EQ(value("cookie"), "a=1; b=2");
}

TEST_F(Http2HeadTest, KnowsTheBodysLengthOrThatThereIsOne) {
  ASSERT_EQ(read(with(kGet, {{"content-length", "7"}}), false), Verdict::kRequest);
  EXPECT_EQ(reader_.head().framing, BodyFraming::kLength);
  EXPECT_EQ(reader_.head().content_length, 7u);
  ASSERT_EQ(read(kGet, false), Verdict::kRequest);
  EXPECT_EQ(reader_.head().framing, BodyFraming::kChunked);
}

TEST_F(Http2HeadTest, ExpectsOnlyWhatThereIs) {
  read(with(kGet, {{"expect", "100-continue"}}), false);
  EXPECT_TRUE(reader_.head().expect_continue);
  read(with(kGet, {{"expect", "100-continue"}}), true);
  EXPECT_FALSE(reader_.head().expect_continue);
  ASSERT_EQ(read(with(kGet, {{"expect", "tea"}})), Verdict::kRefused);
  EXPECT_EQ(reader_.refusal().status, 417);
}

TEST_F(Http2HeadTest, TakesTheHostFromEither) {
  ASSERT_EQ(read({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "b:8"}}),
            Verdict::kRequest);
  EXPECT_EQ(reader_.head().host, "b:8");
  ASSERT_EQ(read(with(kGet, {{"host", "A"}})), Verdict::kRequest);
  EXPECT_EQ(reader_.head().host, "a");
}

TEST_F(Http2HeadTest, RefusesTooMuch) {
  ASSERT_EQ(read(with(kGet, {{"x", std::string(1000, 'x')}})), Verdict::kRefused);
  EXPECT_EQ(reader_.refusal().status, 431);
  EXPECT_EQ(reader_.head().method, "GET");
  ASSERT_EQ(read({{":method", "GET"},
                  {":scheme", "http"},
                  {":authority", "a"},
                  {":path", "/" + std::string(1000, 'x')}}),
            Verdict::kRefused);
  EXPECT_EQ(reader_.refusal().status, 414);
  Fields many = kGet;
  for (int i = 0; i < 9; ++i) many.emplace_back("x", "y");
  ASSERT_EQ(read(many), Verdict::kRefused);
  EXPECT_EQ(reader_.refusal().status, 431);
  EXPECT_LT(reader_.bytes().size(), 1000u);
}

TEST_F(Http2HeadTest, CountsFieldsAsTheSettingSays) {
  // Of RFC 9113 6.5.2: names, values and 32 for each.
  size_t used = 0;
  for (auto& [name, value] : kGet) used += name.size() + value.size() + 32;
  EXPECT_EQ(read(with(kGet, {{"x", std::string(1000 - used - 33, 'x')}})), Verdict::kRequest);
  EXPECT_EQ(read(with(kGet, {{"x", std::string(1000 - used - 32, 'x')}})), Verdict::kRefused);
}

TEST_F(Http2HeadTest, AnswersASchemeThatIsNotOfTheWeb) {
  ASSERT_EQ(read({{":method", "GET"}, {":scheme", "ftp"}, {":authority", "a"}, {":path", "/"}}),
            Verdict::kRefused);
  EXPECT_EQ(reader_.refusal().status, 400);
}

TEST_F(Http2HeadTest, FindsMalformedRequests) {
  auto request = [](std::string method, std::string path, std::string authority) {
    return Fields{
        {":method", method}, {":scheme", "http"}, {":authority", authority}, {":path", path}};
  };
  const std::pair<const char*, Fields> kCases[] = {
      {"hosts that differ", with(kGet, {{"host", "b"}})},
      {"user in the authority", request("GET", "/", "u@a")},
      {"bad port", request("GET", "/", "a:99999")},
      {"absolute form", request("GET", "http://a/", "a")},
      {"no slash", request("GET", "x", "a")},
      {"asterisk of a GET", request("GET", "*", "a")},
      {"fragment", request("GET", "/#x", "a")},
      {"space in the path", request("GET", "/a b", "a")},
      {"byte above ASCII in the path", request("GET", "/\xc3\xa4", "a")},
      {"method that is no token", request("G(T", "/", "a")},
      {"length with a sign", with(kGet, {{"content-length", "+1"}})},
      {"length that is no number", with(kGet, {{"content-length", "x"}})},
      {"length too long", with(kGet, {{"content-length", "1234567890123456789"}})},
      {"two lengths", with(kGet, {{"content-length", "1"}, {"content-length", "1"}})},
      {"control byte in a value", with(kGet, {{"x", "a\x01"}})},
      {"name that is no token", with(kGet, {{"x y", "a"}})},
      {"CONNECT without a port", {{":method", "CONNECT"}, {":authority", "a"}}},
  };
  for (auto& [name, fields] : kCases) EXPECT_EQ(read(fields), Verdict::kMalformed) << name;
}

TEST_F(Http2HeadTest, ReadsTheTwoOtherTargets) {
  EXPECT_EQ(
      read({{":method", "OPTIONS"}, {":scheme", "http"}, {":authority", "a"}, {":path", "*"}}),
      Verdict::kRequest);
  ASSERT_EQ(read({{":method", "CONNECT"}, {":authority", "a:443"}}), Verdict::kRequest);
  EXPECT_EQ(reader_.head().target, "a:443");
}

}  // namespace
}  // namespace howdah::http

#include "http/accept_encoding.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace howdah::http {
namespace {

using base::CodingList;
using base::ContentCoding;

constexpr CodingList kAll{{ContentCoding::kBrotli, ContentCoding::kZstd, ContentCoding::kGzip}, 3};
constexpr CodingList kGzipFirst{{ContentCoding::kGzip, ContentCoding::kBrotli}, 2};

NegotiatedCoding negotiate(const std::vector<std::string_view>& values,
                           const CodingList& offered = kAll) {
  RequestHead head;
  head.fields.push_back({"Accept", "br"});
  for (std::string_view value : values) head.fields.push_back({"accept-Encoding", value});
  return negotiate_coding(head, offered);
}

// The coding's name, or "nothing".
std::string chosen(std::string_view value, const CodingList& offered = kAll) {
  NegotiatedCoding result = negotiate({value}, offered);
  return result.acceptable ? std::string(name_of(result.coding)) : "nothing";
}

TEST(AcceptEncoding, IsIdentityWithoutTheField) {
  NegotiatedCoding result = negotiate({});
  EXPECT_EQ(result.coding, ContentCoding::kIdentity);
  EXPECT_TRUE(result.acceptable);
}

TEST(AcceptEncoding, TakesTheServersOrderAmongEqualWeights) {
  EXPECT_EQ(chosen("gzip, deflate, br, zstd"), "br");
  EXPECT_EQ(chosen("gzip, deflate, zstd"), "zstd");
  EXPECT_EQ(chosen("gzip, br", kGzipFirst), "gzip");
  EXPECT_EQ(chosen("gzip;q=0.5, br;q=0.5"), "br");
  EXPECT_EQ(chosen("zstd", kGzipFirst), "identity");
  EXPECT_EQ(chosen("br, gzip", CodingList{}), "identity");
}

TEST(AcceptEncoding, HonoursWeights) {
  EXPECT_EQ(chosen("br;q=0.1, gzip;q=0.2"), "gzip");
  EXPECT_EQ(chosen("br;q=0.999, gzip;q=1.000"), "gzip");
  EXPECT_EQ(chosen("br;q=0.010, gzip;q=0.009"), "br");
  EXPECT_EQ(chosen("br ; Q=0. \t,\tgzip;q=1"), "gzip");
  EXPECT_EQ(chosen("br;q=0"), "identity");
  EXPECT_EQ(chosen("br;q=0.000, zstd;q=0.001"), "zstd");
  EXPECT_EQ(chosen("br;q=0.5, br;q=1, gzip;q=0.6"), "gzip");
}

TEST(AcceptEncoding, MatchesTheRestWithAnAsterisk) {
  EXPECT_EQ(chosen("*"), "br");
  EXPECT_EQ(chosen("br;q=0, *"), "zstd");
  EXPECT_EQ(chosen("gzip, *;q=0.5"), "gzip");
  EXPECT_EQ(chosen("gzip;q=0.1, *;q=0.5"), "br");
  EXPECT_EQ(chosen("gzip, *;q=0"), "gzip");
}

TEST(AcceptEncoding, PrefersIdentityOnlyWhenTheClientDoes) {
  EXPECT_EQ(chosen("identity, gzip;q=0.9"), "identity");
  EXPECT_EQ(chosen("identity, gzip"), "gzip");
  EXPECT_EQ(chosen("identity;q=0.1, gzip;q=0.2"), "gzip");
  EXPECT_EQ(chosen("identity"), "identity");
}

TEST(AcceptEncoding, SaysWhenNothingIsAcceptable) {
  EXPECT_EQ(chosen("identity;q=0"), "nothing");
  EXPECT_EQ(chosen("*;q=0"), "nothing");
  EXPECT_EQ(chosen("identity;q=0, deflate"), "nothing");
  EXPECT_EQ(chosen("identity;q=0, gzip;q=0.001"), "gzip");
  EXPECT_EQ(chosen("*;q=0, identity;q=0.5"), "identity");
  EXPECT_EQ(negotiate({"*;q=0"}).coding, ContentCoding::kIdentity);
}

TEST(AcceptEncoding, ReadsNamesInAnyLetterCaseAndKnowsXGzip) {
  EXPECT_EQ(chosen("BR"), "br");
  EXPECT_EQ(chosen("x-gzip"), "gzip");
  EXPECT_EQ(chosen("X-GZIP;q=0, *"), "br");
  EXPECT_EQ(chosen("brotli, zst"), "identity");
}

TEST(AcceptEncoding, ReadsSeveralFieldsAsOneList) {
  EXPECT_EQ(negotiate({"gzip;q=0.5", "zstd;q=0.6"}).coding, ContentCoding::kZstd);
  EXPECT_EQ(negotiate({"gzip", "identity;q=0, br;q=0"}).coding, ContentCoding::kGzip);
  EXPECT_EQ(negotiate({"gzip", "?;"}).coding, ContentCoding::kIdentity);
}

TEST(AcceptEncoding, AllowsEmptyElementsAndAnEmptyList) {
  EXPECT_EQ(chosen(", ,gzip,,"), "gzip");
  EXPECT_EQ(chosen(""), "identity");
  EXPECT_EQ(chosen(" , "), "identity");
}

TEST(AcceptEncoding, IsIdentityWhenMalformed) {
  for (const char* bad : {"br;", "br;q", "br;q=", "br;q=2", "br;q=1.001", "br;q=0.0001", "br;q=.5",
                          "br;q=0,5", "br;q=-1", "br;q=1;q=1", "br;level=5", "br gzip", "\"br\"",
                          "br;q= 1", "br;q=0.x", ";q=1", "gzip, b r", "br;q=01"}) {
    EXPECT_EQ(chosen(bad), "identity") << bad;
  }
}

}  // namespace
}  // namespace howdah::http

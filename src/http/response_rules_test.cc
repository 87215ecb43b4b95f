#include "http/response_rules.h"

#include <gtest/gtest.h>

namespace howdah::http {
namespace {

TEST(ResponseRules, RefuseHeadersThatWouldSplitAnAnswer) {
  EXPECT_TRUE(valid_response_field("X-A", "b c"));
  EXPECT_TRUE(valid_response_field("X-A", ""));
  EXPECT_FALSE(valid_response_field("X-A", "b\r\nSet-Cookie: c"));
  EXPECT_FALSE(valid_response_field("X-A", "b\nc"));
  EXPECT_FALSE(valid_response_field("X-A", std::string_view("b\0", 2)));
  EXPECT_FALSE(valid_response_field("X A", "b"));
  EXPECT_FALSE(valid_response_field("", "b"));
}

TEST(ResponseRules, KnowHopByHopFields) {
  for (const char* name : {"connection", "Keep-Alive", "TRANSFER-ENCODING", "Upgrade",
                           "Proxy-Connection", "TE", "Trailer"}) {
    EXPECT_TRUE(is_hop_by_hop(name)) << name;
  }
  EXPECT_FALSE(is_hop_by_hop("Content-Length"));
  EXPECT_FALSE(is_hop_by_hop("Trailers"));
}

TEST(ResponseRules, KnowWhatAnInterimAnswerMayCarry) {
  EXPECT_TRUE(valid_interim_field("Link", "</a.css>; rel=preload"));
  EXPECT_TRUE(valid_interim_field("X-Own", ""));
  EXPECT_FALSE(valid_interim_field("Content-Length", "5"));
  EXPECT_FALSE(valid_interim_field("x-accel-redirect", "/private"));
  EXPECT_FALSE(valid_interim_field("X-Sendfile", "/etc/secret"));
  EXPECT_FALSE(valid_interim_field("Connection", "close"));
  EXPECT_FALSE(valid_interim_field("Link", "a\r\nb"));
}

TEST(ResponseRules, KnowStatuses) {
  for (int status : {100, 103, 204, 304}) EXPECT_FALSE(status_allows_body(status)) << status;
  for (int status : {200, 205, 301, 404, 500}) EXPECT_TRUE(status_allows_body(status)) << status;
  for (int status : {-1, 0, 99, 100, 199, 1000}) EXPECT_FALSE(valid_final_status(status)) << status;
  for (int status : {200, 599, 999}) EXPECT_TRUE(valid_final_status(status)) << status;
}

}  // namespace
}  // namespace howdah::http

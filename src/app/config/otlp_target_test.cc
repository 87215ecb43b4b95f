#include "app/config/otlp_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace howdah::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(OtlpTarget, PutsTheSignalsPathBehindTheUrls) {
  auto target = parse_otlp_target("http://collector:4318");
  ASSERT_TRUE(target);
  EXPECT_FALSE(target->tls);
  EXPECT_EQ(target->host, "collector");
  EXPECT_EQ(target->port, 4318);
  EXPECT_EQ(target->authority, "collector:4318");
  EXPECT_EQ(target->path, "/v1/traces");
  EXPECT_EQ(parse_otlp_target("http://c:1/")->path, "/v1/traces");
  EXPECT_EQ(parse_otlp_target("http://c:1/api/otlp/")->path, "/api/otlp/v1/traces");
}

TEST(OtlpTarget, KnowsThePortsOfBothSchemes) {
  EXPECT_EQ(parse_otlp_target("http://collector")->port, 80);
  auto secure = parse_otlp_target("https://[2001:db8::1]/x");
  ASSERT_TRUE(secure);
  EXPECT_TRUE(secure->tls);
  EXPECT_EQ(secure->port, 443);
  EXPECT_EQ(secure->host, "2001:db8::1");
  EXPECT_EQ(secure->authority, "[2001:db8::1]");
}

TEST(OtlpTarget, RefusesWhatIsNoSuchUrl) {
  for (const char* bad : {"", "collector:4318", "grpc://collector:4317", "http://", "http:///path",
                          "http://c:0", "http://c:99999", "http://user:secret@c", "http://c/?x",
                          "http://c/#x", "http://c /", "http://c\r\nX: y/"}) {
    EXPECT_FALSE(parse_otlp_target(bad)) << bad;
  }
}

TEST(OtlpPairs, AreDecoded) {
  Pairs pairs;
  EXPECT_TRUE(parse_pairs("a=1, authorization=Basic%20eA%3D%3D ,c=,d=x=y", pairs));
  EXPECT_THAT(pairs, ElementsAre(Pair("a", "1"), Pair("authorization", "Basic eA=="), Pair("c", ""),
                                 Pair("d", "x=y")));
  EXPECT_TRUE(parse_pairs("", pairs));
  EXPECT_THAT(pairs, IsEmpty());
  for (const char* bad : {"a", "=1", "a=%", "a=%4", "a=%zz"})
    EXPECT_FALSE(parse_pairs(bad, pairs)) << bad;
}

}  // namespace
}  // namespace howdah::app

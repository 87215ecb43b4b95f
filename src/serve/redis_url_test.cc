#include "serve/redis_url.h"

#include <gtest/gtest.h>

namespace howdah::serve {
namespace {

TEST(RedisUrl, HasDefaults) {
  auto url = parse_redis_url("redis://cache.internal");
  ASSERT_TRUE(url);
  EXPECT_FALSE(url->tls);
  EXPECT_EQ(url->host, "cache.internal");
  EXPECT_EQ(url->port, 6379);
  EXPECT_EQ(url->db, 0U);
  EXPECT_EQ(url->user + url->password, "");
}

TEST(RedisUrl, NamesAllItCan) {
  auto url = parse_redis_url("rediss://me:p%40ss%2F:x@10.0.0.1:6380/12");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->user, "me");
  EXPECT_EQ(url->password, "p@ss/:x");
  EXPECT_EQ(url->host, "10.0.0.1");
  EXPECT_EQ(url->port, 6380);
  EXPECT_EQ(url->db, 12U);
  EXPECT_EQ(url->without_secrets(), "10.0.0.1:6380/12");
  EXPECT_EQ(parse_redis_url("redis://:only@h")->password, "only");
}

TEST(RedisUrl, TakesIpv6InBrackets) {
  auto url = parse_redis_url("redis://[2001:db8::1]:7000/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "2001:db8::1");
  EXPECT_EQ(url->port, 7000);
  EXPECT_EQ(url->without_secrets(), "[2001:db8::1]:7000/0");
}

TEST(RedisUrl, RefusesWhatItDoesNotUnderstand) {
  for (const char* text :
       {"", "redis://", "redis:///1", "http://h", "redis://h:0", "redis://h:65536", "redis://h:x",
        "redis://h/x", "redis://h/1/2", "redis://h/-1", "redis://user@h", "redis://u:%4@h",
        "redis://u:%zz@h", "redis://[::1", "redis://[::1]x", "redis://h?db=1", "redis://h:"}) {
    EXPECT_FALSE(parse_redis_url(text)) << text;
  }
}

}  // namespace
}  // namespace howdah::serve

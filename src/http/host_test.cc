#include "http/host.h"

#include <gtest/gtest.h>

#include <string>

namespace howdah::http {
namespace {

TEST(Host, SplitsNameAndPort) {
  auto host = parse_host("example.com:8080");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->name, "example.com");
  EXPECT_EQ(host->port, 8080);
  host = parse_host("[2001:db8::1]:65535");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->name, "[2001:db8::1]");
  EXPECT_EQ(host->port, 65535);
  host = parse_host("192.0.2.1");
  ASSERT_TRUE(host);
  EXPECT_FALSE(host->port);
  host = parse_host("a:");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->name, "a");
  EXPECT_FALSE(host->port);
}

TEST(Host, AcceptsWhatRegisteredNamesMayHold) {
  for (const char* good :
       {"a_b", "xn--bcher-kva.example", "%41.b", "a~!$&'()*+,;=", "[::]", "[::ffff:192.0.2.1]"}) {
    EXPECT_TRUE(parse_host(good)) << good;
  }
}

TEST(Host, RefusesTheRest) {
  for (const char* bad :
       {"",        ":80",         "a:65536", "a:123456", "a:8x",   "a:-1",
        "a:80:80", "u@a",         "a/b",     "a?b",      "a#b",    "a b",
        "a\"",     "a<b",         "a\\b",    "a%4",      "a%zz",   "\xc3\xa9",
        "[",       "[]",          "[::1",    "[::1]x",   "[:::1]", "[fe80::1%25eth0]",
        "[v1.a]",  "[127.0.0.1]", "::1",     "a\x7f"}) {
    EXPECT_FALSE(parse_host(bad)) << bad;
  }
  EXPECT_FALSE(parse_host(std::string_view("a\0b", 3)));
  EXPECT_FALSE(parse_host(std::string_view("[::1\0]", 6)));
  EXPECT_FALSE(parse_host("[" + std::string(100, ':') + "]"));
}

}  // namespace
}  // namespace howdah::http

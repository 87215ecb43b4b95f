#include "serve/client_counts.h"

#include <gtest/gtest.h>

#include <string>

namespace howdah::serve {
namespace {

net::IpAddress ip(const std::string& text) { return *net::parse_ip(text); }

TEST(ClientCounts, RefusesWhatIsBeyondTheLimit) {
  ClientCounts counts(1);
  EXPECT_TRUE(counts.add(ip("192.0.2.1"), 2));
  EXPECT_TRUE(counts.add(ip("::ffff:192.0.2.1"), 2));
  EXPECT_FALSE(counts.add(ip("192.0.2.1"), 2));
  EXPECT_TRUE(counts.add(ip("192.0.2.2"), 2));
  counts.remove(ip("192.0.2.1"));
  EXPECT_TRUE(counts.add(ip("192.0.2.1"), 2));
}

TEST(ClientCounts, TakesAnIpv6NetworkForOneClient) {
  ClientCounts counts(1);
  EXPECT_TRUE(counts.add(ip("2001:db8:0:1::1"), 1));
  EXPECT_FALSE(counts.add(ip("2001:db8:0:1:ffff::2"), 1));
  EXPECT_TRUE(counts.add(ip("2001:db8:0:2::1"), 1));
}

TEST(ClientCounts, KeepsOnlyWhoHasAConnection) {
  ClientCounts counts(7);
  for (int i = 0; i < 1000; ++i) {
    net::IpAddress client = ip("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
    ASSERT_TRUE(counts.add(client, 1));
    ASSERT_FALSE(counts.add(client, 1));
    if (i % 2 == 0) counts.remove(client);
  }
  EXPECT_EQ(counts.clients(), 500u);
}

}  // namespace
}  // namespace howdah::serve

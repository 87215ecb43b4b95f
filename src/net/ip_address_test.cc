#include "net/ip_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <string>

namespace howdah::net {
namespace {

std::string normal(std::string_view text) {
  auto address = parse_ip(text);
  return address ? std::string(IpText(*address).view()) : "none";
}

std::string endpoint(std::string_view text) {
  auto parsed = parse_endpoint(text);
  if (!parsed) return "none";
  return std::string(IpText(parsed->ip).view()) + " " + std::to_string(parsed->port);
}

TEST(IpAddress, HasOneFormForEachAddress) {
  EXPECT_EQ(normal("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(normal("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(normal("2001:DB8:0:0::1"), "2001:db8::1");
  EXPECT_EQ(parse_ip("::ffff:192.0.2.1"), parse_ip("192.0.2.1"));
}

TEST(IpAddress, RefusesWhatIsNone) {
  using namespace std::string_literals;
  for (const std::string& text :
       {""s, "1.2.3"s, "1.2.3.256"s, "01.2.3.4"s, "::1%lo"s, "g::1"s, "::1\0"s, "1.2.3.4\0x"s,
        " 1.2.3.4"s, "localhost"s, std::string(100, '1')}) {
    EXPECT_EQ(normal(text), "none") << text;
  }
}

TEST(Endpoint, HasAPortOrNone) {
  EXPECT_EQ(endpoint("192.0.2.1"), "192.0.2.1 0");
  EXPECT_EQ(endpoint("192.0.2.1:80"), "192.0.2.1 80");
  EXPECT_EQ(endpoint("2001:db8::1"), "2001:db8::1 0");
  EXPECT_EQ(endpoint("[2001:db8::1]"), "2001:db8::1 0");
  EXPECT_EQ(endpoint("[2001:db8::1]:65535"), "2001:db8::1 65535");
  for (std::string_view text :
       {"", ":80", "[]", "[::1", "[::1]80", "[::1]:", "[::1]:65536", "[1.2.3.4]:1",
        "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:-1", "unknown", "_hidden", "\"1.2.3.4\"", "1.2.3.4 "}) {
    EXPECT_EQ(endpoint(text), "none") << text;
  }
}

TEST(PeerList, KnowsItsNetworks) {
  PeerList list;
  for (std::string_view text : {"10.0.0.0/8", "192.0.2.7", "2001:db8::/33", "172.16.5.4/12"}) {
    ASSERT_TRUE(list.add(text)) << text;
  }
  for (std::string_view text : {"10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3", "192.0.2.7",
                                "2001:db8:7fff::1", "172.31.255.255"}) {
    EXPECT_TRUE(list.contains(*parse_ip(text))) << text;
  }
  for (std::string_view text :
       {"11.0.0.0", "192.0.2.6", "2001:db8:8000::", "::10.1.2.3", "172.32.0.0", "::"}) {
    EXPECT_FALSE(list.contains(*parse_ip(text))) << text;
  }
  EXPECT_FALSE(list.contains(std::optional<IpAddress>()));
  ASSERT_TRUE(list.add("unix"));
  EXPECT_TRUE(list.contains(std::optional<IpAddress>()));
}

TEST(PeerList, OfEverybodyOfAFamilyIsNotOfTheOther) {
  PeerList four;
  ASSERT_TRUE(four.add("0.0.0.0/0"));
  EXPECT_TRUE(four.contains(*parse_ip("203.0.113.9")));
  EXPECT_FALSE(four.contains(*parse_ip("2001:db8::1")));
}

TEST(PeerList, RefusesWhatIsNoNetwork) {
  PeerList list;
  for (std::string_view text : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8",
                                "::/129", "::1/x", "example.com", "Unix", "unix:/x", "10.0.0"}) {
    EXPECT_FALSE(list.add(text)) << text;
  }
}

}  // namespace
}  // namespace howdah::net

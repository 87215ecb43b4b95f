#include "serve/origin.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace howdah::serve {
namespace {

using Fields = std::vector<http::Field>;

// "client port scheme host" after the proxy at 10.0.0.1 was believed.
std::string origin_of(const Fields& fields) {
  net::PeerList trusted;
  EXPECT_TRUE(trusted.add("10.0.0.0/8") && trusted.add("fd00::/8"));
  http::RequestHead head;
  head.fields = fields;
  head.host = "own.example";
  Origin origin{.client_ip = "10.0.0.1", .client_port = "5000", .scheme = "http"};
  OriginText text;
  believe_proxy(head, trusted, origin, text);
  std::string port(origin.client_port.empty() ? "-" : origin.client_port);
  return std::string(origin.client_ip) + " " + port + " " + std::string(origin.scheme) + " " +
         std::string(head.host);
}

std::string client_of(std::string_view list) {
  std::string all = origin_of({{"X-Forwarded-For", list}});
  return all.substr(0, all.find(" http"));
}

TEST(Origin, IsTheConnectionsWhenTheProxySaysNothing) {
  EXPECT_EQ(origin_of({}), "10.0.0.1 5000 http own.example");
  EXPECT_EQ(client_of(""), "10.0.0.1 5000");
  EXPECT_EQ(client_of(" , ,"), "10.0.0.1 5000");
}

TEST(Origin, IsTheRightmostEntryThatIsNotTrusted) {
  EXPECT_EQ(client_of("203.0.113.9"), "203.0.113.9 -");
  EXPECT_EQ(client_of("1.1.1.1, 203.0.113.9"), "203.0.113.9 -");
  EXPECT_EQ(client_of("1.1.1.1, 203.0.113.9, 10.2.3.4,fd00::1"), "203.0.113.9 -");
  EXPECT_EQ(client_of("1.1.1.1,203.0.113.9 , ,"), "203.0.113.9 -");
  EXPECT_EQ(client_of("10.9.9.9, 10.2.3.4"), "10.9.9.9 -") << "all trusted: the first of them";
  EXPECT_EQ(origin_of({{"x-forwarded-for", "1.1.1.1"},
                       {"Other", "2.2.2.2"},
                       {"X-FORWARDED-FOR", "203.0.113.9, 10.1.1.1"}}),
            "203.0.113.9 - http own.example");
}

TEST(Origin, MayHaveAPortAndBrackets) {
  EXPECT_EQ(client_of("203.0.113.9:4711"), "203.0.113.9 4711");
  EXPECT_EQ(client_of("2001:DB8::7"), "2001:db8::7 -");
  EXPECT_EQ(client_of("[2001:db8::7]"), "2001:db8::7 -");
  EXPECT_EQ(client_of("[2001:db8::7]:65535, [fd00::1]:1"), "2001:db8::7 65535");
  EXPECT_EQ(client_of("::ffff:203.0.113.9"), "203.0.113.9 -") << "one client, one notation";
}

TEST(Origin, IsNotLookedForBehindGarbage) {
  EXPECT_EQ(client_of("unknown"), "10.0.0.1 5000");
  EXPECT_EQ(client_of("1.1.1.1, unknown"), "10.0.0.1 5000");
  EXPECT_EQ(client_of("1.1.1.1, unknown, 10.2.2.2"), "10.2.2.2 -");
  EXPECT_EQ(client_of("garbage, 203.0.113.9"), "203.0.113.9 -");
  EXPECT_EQ(client_of("1.1.1.1, 203.0.113.9:x"), "10.0.0.1 5000");
  EXPECT_EQ(client_of(std::string(10'000, ',')), "10.0.0.1 5000");
}

TEST(Origin, HasTheSchemeAndHostThatTheClientUsed) {
  EXPECT_EQ(origin_of({{"X-Forwarded-Proto", "HTTPS"}, {"X-Forwarded-Host", "a.example:81"}}),
            "10.0.0.1 5000 https a.example:81");
  EXPECT_EQ(origin_of({{"X-Forwarded-Proto", "https, http"}, {"X-Forwarded-Host", "a , b"}}),
            "10.0.0.1 5000 https a");
  EXPECT_EQ(origin_of({{"X-Forwarded-Proto", "gopher"}, {"X-Forwarded-Host", "a b"}}),
            "10.0.0.1 5000 http own.example");
  EXPECT_EQ(origin_of({{"X-Forwarded-Proto", ""}, {"X-Forwarded-Host", "a/../b"}}),
            "10.0.0.1 5000 http own.example");
}

}  // namespace
}  // namespace howdah::serve

#include "serve/rate_limiter.h"

#include <gtest/gtest.h>

#include <string_view>

namespace howdah::serve {
namespace {

using base::kMillisecond;
using base::kSecond;

base::Nanos test_wall = 0;
base::Nanos test_clock() { return test_wall; }

class RateLimiterTest : public testing::Test {
 protected:
  RateLimiterTest() { test_wall = 1'200'000 * kSecond; }  // at the beginning of a minute
  AdmissionDecision ask(std::string_view ip = "192.0.2.1") {
    return limiter_.decide(net::parse_ip(ip));
  }
  // How many of so many requests are let in.
  int let_in(int requests, std::string_view ip = "192.0.2.1") {
    int admitted = 0;
    for (int i = 0; i < requests; ++i) admitted += ask(ip).admitted ? 1 : 0;
    return admitted;
  }

  RateLimiter limiter_{{.requests = 3, .window = 60 * kSecond}, test_clock};
};

TEST(LimitWindow, BeginsAtMultiplesOfItsLength) {
  LimitWindow first = window_at(119 * kSecond, 60 * kSecond);
  LimitWindow second = window_at(120 * kSecond, 60 * kSecond);
  EXPECT_EQ(first.number, 1U);
  EXPECT_EQ(first.left, kSecond);
  EXPECT_EQ(second.number, 2U);
  EXPECT_EQ(second.left, 60 * kSecond);
}

TEST(LimitWindow, ItsLeftSecondsAreNeverNone) {
  EXPECT_EQ(window_at(119 * kSecond + 999 * kMillisecond, 60 * kSecond).reset(), 1U);
  EXPECT_EQ(window_at(118 * kSecond + 999 * kMillisecond, 60 * kSecond).reset(), 2U);
  EXPECT_EQ(window_at(120 * kSecond, 60 * kSecond).reset(), 60U);
  EXPECT_EQ(window_at(120 * kSecond, 100 * kMillisecond).reset(), 1U);
}

TEST_F(RateLimiterTest, LetsSoManyInAndSaysWhatIsLeft) {
  AdmissionDecision first = ask();
  EXPECT_TRUE(first.admitted);
  EXPECT_TRUE(first.limited);
  EXPECT_EQ(first.limit, 3U);
  EXPECT_EQ(first.remaining, 2U);
  EXPECT_EQ(first.reset_seconds, 60U);
  test_wall += 20 * kSecond;
  EXPECT_EQ(ask().remaining, 1U);
  AdmissionDecision last = ask();
  EXPECT_TRUE(last.admitted);
  EXPECT_EQ(last.remaining, 0U);
  AdmissionDecision refused = ask();
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.remaining, 0U);
  EXPECT_EQ(refused.reset_seconds, 40U);
}

TEST_F(RateLimiterTest, BeginsAgainWithTheNextWindow) {
  EXPECT_EQ(let_in(5), 3);
  test_wall += 60 * kSecond;
  EXPECT_EQ(let_in(5), 3);
}

TEST_F(RateLimiterTest, IsOffAtNoLimit) {
  limiter_.configure({});
  EXPECT_EQ(let_in(100), 100);
  EXPECT_FALSE(ask().limited);
}

TEST_F(RateLimiterTest, ANewLimitCountsWhatTheOldOneHas) {
  EXPECT_EQ(let_in(5), 3);
  limiter_.configure({.requests = 8, .window = 60 * kSecond});
  EXPECT_EQ(let_in(5), 3);
  limiter_.configure({.requests = 1, .window = 30 * kSecond});
  EXPECT_EQ(let_in(5), 1);
}

TEST_F(RateLimiterTest, AClientIsAnIpv4AddressHoweverItIsWritten) {
  EXPECT_EQ(let_in(2, "192.0.2.1"), 2);
  EXPECT_EQ(let_in(2, "::ffff:192.0.2.1"), 1);
  EXPECT_EQ(let_in(2, "192.0.2.2"), 2);
}

TEST_F(RateLimiterTest, AClientIsAnIpv6NetworkOf64Bits) {
  EXPECT_EQ(let_in(2, "2001:db8:0:1::1"), 2);
  EXPECT_EQ(let_in(2, "2001:db8:0:1:ffff::9"), 1);
  EXPECT_EQ(let_in(2, "2001:db8:0:2::1"), 2);
}

TEST_F(RateLimiterTest, AllWhoComeByAUnixSocketAreOneClient) {
  int admitted = 0;
  for (int i = 0; i < 5; ++i) admitted += limiter_.decide(std::nullopt).admitted ? 1 : 0;
  EXPECT_EQ(admitted, 3);
}

}  // namespace
}  // namespace howdah::serve

#include "serve/flood_guard.h"

#include <gtest/gtest.h>

namespace howdah::serve {
namespace {

using http::Http2Cost;

constexpr base::Nanos kStart = 500 * base::kSecond;

class FloodGuardTest : public testing::Test {
 protected:
  FloodGuardTest() { guard_.reset(kStart); }
  FloodGuard guard_;
};

TEST_F(FloodGuardTest, TakesABurstAndNoMore) {
  EXPECT_TRUE(guard_.spend(Http2Cost::kPing, kPingLimit.burst, kStart));
  EXPECT_FALSE(guard_.spend(Http2Cost::kPing, 1, kStart));
}

TEST_F(FloodGuardTest, CountsEachCostForItself) {
  EXPECT_TRUE(guard_.spend(Http2Cost::kPing, kPingLimit.burst, kStart));
  EXPECT_TRUE(guard_.spend(Http2Cost::kReset, kResetLimit.burst, kStart));
}

TEST_F(FloodGuardTest, ForgivesWithTime) {
  guard_.spend(Http2Cost::kPing, kPingLimit.burst, kStart);
  base::Nanos later = kStart + base::kSecond;
  EXPECT_TRUE(guard_.spend(Http2Cost::kPing, kPingLimit.per_second, later));
  EXPECT_FALSE(guard_.spend(Http2Cost::kPing, 1, later));
}

TEST_F(FloodGuardTest, SavesNothingUpInQuietTimes) {
  base::Nanos much_later = kStart + 1000000 * base::kSecond;
  EXPECT_TRUE(guard_.spend(Http2Cost::kPing, kPingLimit.burst, much_later));
  EXPECT_FALSE(guard_.spend(Http2Cost::kPing, 1, much_later));
}

TEST_F(FloodGuardTest, AllowsWhatTheServerCaused) {
  guard_.spend(Http2Cost::kWindowUpdate, kWindowUpdateLimit.burst, kStart);
  guard_.allow(Http2Cost::kWindowUpdate, 2);
  EXPECT_TRUE(guard_.spend(Http2Cost::kWindowUpdate, 2, kStart));
  EXPECT_FALSE(guard_.spend(Http2Cost::kWindowUpdate, 1, kStart));
}

}  // namespace
}  // namespace howdah::serve

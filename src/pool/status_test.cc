#include "pool/status.h"

#include <gtest/gtest.h>

namespace howdah::pool {
namespace {

TEST(PoolStatus, OfSeveralPoolsIsReadyWhenEachIs) {
  PoolStatus all{.name = "", .ready = true, .php_version = ""};
  all.add({.ready = true, .live_workers = 2, .waiting = 3, .running = 1, .php_version = "8.2"});
  EXPECT_TRUE(all.ready);
  PoolStatus other{.ready = false, .waiting = 4, .php_version = "x"};
  other.restarts[Restart::kCrash] = 5;
  all.add(other);
  EXPECT_FALSE(all.ready);
  EXPECT_EQ(all.live_workers, 2U);
  EXPECT_EQ(all.waiting, 7U);
  EXPECT_EQ(all.running, 1U);
  EXPECT_EQ(all.restarts[Restart::kCrash], 5U);
  EXPECT_EQ(all.php_version, "8.2");
}

}  // namespace
}  // namespace howdah::pool

#include "channel/phases.h"

#include <gtest/gtest.h>

#include <numeric>

namespace howdah::channel {
namespace {

TEST(PhaseClock, IsAlwaysInExactlyOnePhase) {
  PhaseClock clock;
  const int64_t began = base::monotonic_now() - 1000;
  clock.begin(began);
  EXPECT_EQ(clock.enter(Phase::kScript), Phase::kStartup);
  EXPECT_EQ(clock.enter(Phase::kOutput), Phase::kScript);
  EXPECT_EQ(clock.enter(Phase::kScript), Phase::kOutput);
  clock.enter(Phase::kShutdown);
  const PhaseTimes times = clock.times();
  EXPECT_EQ(times.claimed_at, began);
  EXPECT_GE(times.spent[0], 1000);
  EXPECT_EQ(std::accumulate(times.spent.begin(), times.spent.end(), int64_t{0}),
            times.until - times.claimed_at);
}

TEST(PhaseClock, MeasuresNothingWhileItIsOff) {
  PhaseClock clock;
  EXPECT_FALSE(clock.on());
  EXPECT_EQ(clock.enter(Phase::kOutput), Phase::kOutput);
  clock.begin(1);
  clock.stop();
  EXPECT_FALSE(clock.on());
}

}  // namespace
}  // namespace howdah::channel

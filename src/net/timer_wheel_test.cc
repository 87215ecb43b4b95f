#include "net/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace howdah::net {
namespace {

constexpr base::Nanos kStart = 1000 * base::kSecond;
constexpr base::Nanos kTick = TimerWheel::kTick;

struct Counter {
  int fired = 0;
  std::function<void()> then;
  void on_due() {
    ++fired;
    if (then) then();
  }
  MemberTimer<Counter, &Counter::on_due> timer{*this};
};

TEST(TimerWheel, FiresUpToOneTickLateAndNeverEarly) {
  TimerWheel wheel(kStart);
  Counter counter;
  wheel.arm(counter.timer, kStart + 5 * kTick + 1);
  EXPECT_EQ(wheel.advance(kStart + 5 * kTick), 0);
  EXPECT_EQ(wheel.advance(kStart + 6 * kTick), 1);
  EXPECT_EQ(counter.fired, 1);
  EXPECT_FALSE(counter.timer.armed());
  EXPECT_EQ(wheel.armed(), 0u);
}

TEST(TimerWheel, FiresInTheNextTickWhatIsDueAlready) {
  TimerWheel wheel(kStart);
  Counter counter;
  wheel.arm(counter.timer, kStart - base::kSecond);
  EXPECT_EQ(wheel.advance(kStart + kTick), 1);
}

TEST(TimerWheel, MovesATimerThatIsArmedAgain) {
  TimerWheel wheel(kStart);
  Counter counter;
  wheel.arm(counter.timer, kStart + kTick);
  wheel.arm(counter.timer, kStart + 10 * kTick);
  EXPECT_EQ(wheel.armed(), 1u);
  EXPECT_EQ(wheel.advance(kStart + 9 * kTick), 0);
  EXPECT_EQ(wheel.advance(kStart + 10 * kTick), 1);
}

TEST(TimerWheel, KeepsTimersOfLaterRounds) {
  TimerWheel wheel(kStart);
  Counter near, far;
  wheel.arm(near.timer, kStart + kTick);
  wheel.arm(far.timer, kStart + (TimerWheel::kSlots + 1) * kTick);
  EXPECT_EQ(wheel.advance(kStart + kTick), 1);
  EXPECT_EQ(near.fired, 1);
  EXPECT_EQ(far.fired, 0);
  EXPECT_EQ(wheel.advance(kStart + TimerWheel::kSlots * kTick), 0);
  EXPECT_EQ(wheel.advance(kStart + (TimerWheel::kSlots + 1) * kTick), 1);
  EXPECT_EQ(far.fired, 1);
}

TEST(TimerWheel, FiresEverythingAfterAJumpOfManyRounds) {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Counter>> counters;
  for (int i = 1; i <= 100; ++i) {
    counters.push_back(std::make_unique<Counter>());
    wheel.arm(counters.back()->timer, kStart + i * 777 * kTick);
  }
  EXPECT_EQ(wheel.advance(kStart + 100'000 * kTick), 100);
}

TEST(TimerWheel, LetsATimerCancelArmAndDestroyOthersOfItsSlot) {
  TimerWheel wheel(kStart);
  Counter first, cancelled, again;
  auto destroyed = std::make_unique<Counter>();
  first.then = [&] {
    wheel.cancel(cancelled.timer);
    destroyed.reset();
    wheel.arm(again.timer, kStart + 5 * kTick);
    wheel.arm(first.timer, kStart + 3 * kTick);
  };
  for (Counter* counter : {&first, &cancelled, destroyed.get(), &again}) {
    wheel.arm(counter->timer, kStart + 2 * kTick);
  }
  EXPECT_EQ(wheel.advance(kStart + 2 * kTick), 1);
  EXPECT_EQ(wheel.armed(), 2u);
  first.then = nullptr;
  EXPECT_EQ(wheel.advance(kStart + 5 * kTick), 2);
  EXPECT_EQ(cancelled.fired, 0);
  EXPECT_EQ(again.fired, 1);
  EXPECT_EQ(first.fired, 2);
}

TEST(TimerWheel, SaysWhenTheNextOneIsDue) {
  TimerWheel wheel(kStart);
  EXPECT_EQ(wheel.next_due(), 0);
  Counter near, far;
  wheel.arm(far.timer, kStart + 3000 * kTick);
  EXPECT_EQ(wheel.next_due(), kStart + 3000 * kTick);
  wheel.arm(near.timer, kStart + 7 * kTick);
  EXPECT_EQ(wheel.next_due(), kStart + 7 * kTick);
  wheel.cancel(near.timer);
  EXPECT_EQ(wheel.next_due(), kStart + 3000 * kTick);
}

TEST(TimerWheel, LetsGoOfTimersThatOutliveIt) {
  Counter counter;
  {
    TimerWheel wheel(kStart);
    wheel.arm(counter.timer, kStart + kTick);
  }
  EXPECT_FALSE(counter.timer.armed());
}

}  // namespace
}  // namespace howdah::net

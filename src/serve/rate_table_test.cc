#include "serve/rate_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/process_info.h"

namespace howdah::serve {
namespace {

constexpr uint32_t kWindow = 1000;
constexpr size_t kOneBucket = 1;
constexpr uint64_t kSeed = 0x1234567;

void add_times(RateTable& table, uint64_t client, uint32_t times) {
  for (uint32_t i = 0; i < times; ++i) table.add(client, kWindow);
}

TEST(RateTable, CountsEachClientByItself) {
  RateTable table(kSeed);
  EXPECT_EQ(table.add(0, kWindow), 1U) << "zero is a key like any other";
  EXPECT_EQ(table.add(5, kWindow), 1U);
  EXPECT_EQ(table.add(5, kWindow), 2U);
  EXPECT_EQ(table.add(0, kWindow), 2U);
  EXPECT_EQ(table.count(5, kWindow), 2U);
  EXPECT_EQ(table.count(6, kWindow), 0U);
}

TEST(RateTable, ALaterWindowBeginsAtOne) {
  RateTable table(kSeed, kOneBucket);
  add_times(table, 5, 3);
  add_times(table, 6, 3);
  EXPECT_EQ(table.add(5, kWindow + 1), 1U);
  EXPECT_EQ(table.count(6, kWindow + 1), 0U);
  EXPECT_EQ(table.add(5, kWindow + 70), 1U);
}

TEST(RateTable, AThreadThatIsLateCountsInTheWindowThatHasBegun) {
  RateTable table(kSeed, kOneBucket);
  table.add(5, kWindow + 1);
  EXPECT_EQ(table.add(6, kWindow), 1U);
  EXPECT_EQ(table.add(5, kWindow + 1), 2U) << "nothing was begun again";
}

TEST(RateTable, AClockThatWasSetBackBeginsAgain) {
  RateTable table(kSeed, kOneBucket);
  add_times(table, 5, 3);
  EXPECT_EQ(table.add(5, kWindow - 60), 1U);
}

TEST(RateTable, AFullBucketKeepsWhoSendsMost) {
  RateTable table(kSeed, kOneBucket);
  constexpr uint64_t kHeavy = 77;
  add_times(table, kHeavy, 3);
  for (uint64_t stranger = 1000; stranger < 3000; ++stranger) {
    ASSERT_EQ(table.add(stranger, kWindow), 1U) << "nobody is counted for what others sent";
  }
  EXPECT_EQ(table.add(kHeavy, kWindow), 4U);
}

TEST(RateTable, ANewcomerGrowsHeavyAmongStrangers) {
  RateTable table(kSeed, kOneBucket);
  // Every one of its requests is followed by that of a stranger.
  for (uint64_t i = 0; i < 100; ++i) {
    table.add(77, kWindow);
    table.add(1000 + i, kWindow);
  }
  EXPECT_EQ(table.count(77, kWindow), 100U);
}

TEST(RateTable, OnlyTheLeastOfTheHeavyMakesRoomForANewcomer) {
  RateTable table(kSeed, kOneBucket);
  for (uint64_t heavy = 0; heavy < RateTable::kPlaces; ++heavy) {
    add_times(table, heavy, static_cast<uint32_t>(100 + heavy));
  }
  EXPECT_EQ(table.add(1000, kWindow), 1U);
  EXPECT_EQ(table.add(1001, kWindow), 1U);
  EXPECT_EQ(table.count(0, kWindow), 0U);
  for (uint64_t heavy = 1; heavy < RateTable::kPlaces; ++heavy) {
    EXPECT_EQ(table.count(heavy, kWindow), 100 + heavy);
  }
}

TEST(RateTable, HearsWhatOthersHaveCounted) {
  RateTable table(kSeed);
  table.add(5, kWindow);
  table.raise(5, kWindow, 40);
  EXPECT_EQ(table.add(5, kWindow), 41U);
  table.raise(5, kWindow, 2);
  EXPECT_EQ(table.add(5, kWindow), 42U) << "less is no news";
  table.raise(5, kWindow + 1, 90);
  table.raise(6, kWindow, 90);
  EXPECT_EQ(table.count(5, kWindow), 42U) << "of another window";
  EXPECT_EQ(table.count(6, kWindow), 0U) << "who is not here";
}

TEST(RateTable, KeepsNearlyAllOfAMillionClientsInItsMemory) {
  constexpr uint64_t kClients = 1'000'000;
  uint64_t before = base::own_memory(::getpid());
  RateTable table(kSeed);
  for (int round = 0; round < 2; ++round) {
    for (uint64_t client = 0; client < kClients; ++client) table.add(client << 8, kWindow);
  }
  [[maybe_unused]] uint64_t used = base::own_memory(::getpid()) - before;
  uint64_t lost = 0;
  for (uint64_t client = 0; client < kClients; ++client) {
    if (table.count(client << 8, kWindow) != 2) ++lost;
  }
  EXPECT_LT(lost, kClients / 100);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LE(used, (kRateBuckets * 128) + (1 << 20));
#endif
}

TEST(RateTable, ThreadsLoseNoCount) {
  RateTable table(kSeed, 4);
  constexpr uint32_t kEach = 20'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (uint32_t n = 0; n < kEach; ++n) table.add(n % 8, kWindow);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (uint64_t client = 0; client < 8; ++client) {
    EXPECT_EQ(table.count(client, kWindow), 4 * kEach / 8);
  }
}

}  // namespace
}  // namespace howdah::serve

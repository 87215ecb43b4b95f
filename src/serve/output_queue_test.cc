#include "serve/output_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>

#include "net/event_loop.h"
#include "serve/limits.h"
#include "serve/test_disk.h"

namespace howdah::serve {
namespace {

struct OutputQueueTest : testing::Test {
  ~OutputQueueTest() override { test_disk.stand_still(false); }

  void begin(std::string directory = "/tmp", uint64_t limit = 0) {
    spool.emplace(std::move(directory), limit);
    queue.emplace(*spool, loop, [this](const base::Status& outcome) {
      ++reports;
      last = outcome;
    });
  }
  void append(std::string_view bytes, size_t limit) {
    queue->append(bytes, limit);
    expected += bytes;
  }
  // Until nothing is on its way to the disk.
  void settle() {
    while (queue->is_writing()) loop.run_pass();
  }
  // A write that is under way ends first.
  void expect_given_back() {
    const base::Nanos give_up = base::monotonic_now() + 20 * base::kSecond;
    while (spool->used() > 0 && base::monotonic_now() < give_up) loop.run_pass();
    EXPECT_EQ(spool->used(), 0u);
  }
  // Takes at most so much of what is there; checks it.
  void take(size_t most) {
    auto bytes = queue->front();
    ASSERT_TRUE(bytes);
    size_t size = std::min(most, bytes->size());
    ASSERT_EQ(bytes->substr(0, size), std::string_view(expected).substr(0, size));
    expected.erase(0, size);
    queue->consume(size);
    ASSERT_EQ(queue->size(), expected.size());
  }
  void drain(size_t step) {
    while (!queue->empty() && !HasFatalFailure()) take(step);
    EXPECT_EQ(expected, "");
  }

  net::EventLoop loop{0};
  std::optional<Spool> spool;
  std::optional<OutputQueue> queue;
  std::string expected;
  int reports = 0;
  base::Status last;
};

TEST_F(OutputQueueTest, KeepsTheOrderAcrossMemoryFileAndWhatTheSpoolRefused) {
  begin("/tmp", 100);
  for (int i = 0; i < 40; ++i) {
    append("[" + std::to_string(i) + "]", 20);
    settle();
  }
  EXPECT_TRUE(queue->spool_failed());
  EXPECT_EQ(last.error().kind, base::ErrorKind::kLimit);
  EXPECT_LE(spool->used(), 100u);
  EXPECT_GT(spool->used(), 50u);
  drain(7);
  EXPECT_FALSE(queue->spool_failed());
  EXPECT_EQ(spool->used(), 0u);
}

TEST_F(OutputQueueTest, TakesMoreWhileItIsDrained) {
  begin();
  for (int i = 0; i < 200; ++i) {
    append(std::string(static_cast<size_t>(i), static_cast<char>('a' + i % 26)), 50);
    take(60);
    loop.run_pass();
  }
  drain(1000);
  queue->reset();
  expect_given_back();
}

TEST_F(OutputQueueTest, GivesTheFileBackToAClientThatHasCaughtUp) {
  begin();
  append("0123456789", 4);
  settle();
  EXPECT_EQ(spool->used(), 6u);
  take(4);
  take(1);  // the others have been read with it
  EXPECT_EQ(spool->used(), 0u);
  test_disk.stand_still(true);
  append("abcdef", 4);
  append("ghi", 4);
  take(5);
  take(6);
  test_disk.stand_still(false);
  settle();
  EXPECT_EQ(spool->used(), 0u);
  EXPECT_FALSE(queue->has_file());
  drain(10);
}

TEST_F(OutputQueueTest, SaysWhenThereIsNoSpool) {
  begin("/nonexistent/folder");
  append("abc", 10);
  EXPECT_FALSE(queue->has_file());
  append("0123456789", 10);
  settle();
  EXPECT_EQ(reports, 1);
  EXPECT_FALSE(last);
  EXPECT_TRUE(queue->spool_failed());
  append("more", 10);
  drain(2);
}

TEST_F(OutputQueueTest, GoesOnWhileTheDiskStandsStill) {
  begin();
  test_disk.stand_still(true);
  append("memory", 6);
  append("the first block", 6);
  test_disk.wait_for_a_write();
  append("what gathers behind it", 6);
  EXPECT_TRUE(queue->is_writing());
  EXPECT_FALSE(queue->is_behind());
  append(std::string(kOutputHigh, '#'), 6);
  EXPECT_TRUE(queue->is_behind());
  take(~size_t{0});
  take(~size_t{0});
  EXPECT_EQ(reports, 0);
  test_disk.stand_still(false);
  while (queue->is_behind()) loop.run_pass();
  EXPECT_EQ(reports, 1);
  settle();
  EXPECT_EQ(reports, 2);
  EXPECT_LT(queue->in_memory(), kOutputHigh);
  drain(10'000);
  EXPECT_EQ(spool->used(), 0u);
}

TEST_F(OutputQueueTest, MayEndBeforeItsBlockIsWritten) {
  begin();
  test_disk.stand_still(true);
  append("0123456789", 4);
  test_disk.wait_for_a_write();
  queue.reset();
  test_disk.stand_still(false);
  expect_given_back();
  spool.reset();
  loop.run_pass();
  EXPECT_EQ(reports, 0);
}

TEST_F(OutputQueueTest, TakesABlockBackThatTheThreadHasNotComeTo) {
  begin();
  const int writes = test_disk.writes();
  test_disk.stand_still(true);
  OutputQueue other(*spool, loop, [](const base::Status&) {});
  other.append("0123456789", 4);
  test_disk.wait_for_a_write();
  append("abcdefghij", 4);
  queue.reset();
  test_disk.stand_still(false);
  while (other.is_writing()) loop.run_pass();
  other.append("0123456789", 4);
  while (other.is_writing()) loop.run_pass();
  EXPECT_EQ(spool->used(), 16u);
  EXPECT_EQ(test_disk.writes(), writes + 2);
}

TEST_F(OutputQueueTest, AFullSpoolGetsBackWhatTheClientHasTaken) {
  begin("/tmp", 10);
  append("0123456789", 4);
  settle();
  append("0123456789", 4);
  settle();
  EXPECT_TRUE(queue->spool_failed());
  EXPECT_EQ(spool->used(), 6u);
  take(4);
  take(1);
  EXPECT_EQ(spool->used(), 0u);
  EXPECT_TRUE(queue->spool_failed());
  append("more", 4);
  drain(3);
}

TEST_F(OutputQueueTest, KeepsTheOrderHoweverFastDiskSourceAndClientAre) {
  std::minstd_rand random(7);
  begin("/tmp", 3000);
  for (int round = 0; round < 20'000 && !HasFatalFailure(); ++round) {
    switch (random() % 8) {
      case 0:
      case 1:
      case 2:
        append(std::string(random() % 400, static_cast<char>('a' + round % 26)), 200);
        break;
      case 3:
      case 4:
        if (!queue->empty()) take(random() % 500);
        break;
      case 5:
        test_disk.stand_still(random() % 2 == 0);
        break;
      case 6:
        loop.run_pass();
        if (random() % 2 == 0) break;
        test_disk.stand_still(false);
        settle();
        break;
      case 7:
        if (random() % 20 == 0) drain(1 + random() % 1000);
        break;
    }
  }
  test_disk.stand_still(false);
  EXPECT_GT(reports, 300);
  drain(100);
  queue->reset();
  expect_given_back();
}

}  // namespace
}  // namespace howdah::serve

#include "serve/output_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace howdah::serve {
namespace {

std::string drain(OutputQueue& queue, size_t step) {
  std::string all;
  while (!queue.empty()) {
    auto bytes = queue.front();
    if (!bytes || bytes->empty()) return all + "(stuck)";
    size_t size = std::min(step, bytes->size());
    all += bytes->substr(0, size);
    queue.consume(size);
  }
  return all;
}

TEST(OutputQueue, KeepsTheOrderAcrossMemoryFileAndTail) {
  Spool spool("/tmp", 100);
  OutputQueue queue(spool);
  std::string expected;
  bool refused = false;
  for (int i = 0; i < 40; ++i) {
    std::string piece = "[" + std::to_string(i) + "]";
    expected += piece;
    if (!queue.append(piece, 20)) refused = true;
  }
  EXPECT_TRUE(refused);
  EXPECT_LE(spool.used(), 100u);
  EXPECT_EQ(queue.size(), expected.size());
  EXPECT_EQ(drain(queue, 7), expected);
  EXPECT_EQ(spool.used(), 0u);
}

TEST(OutputQueue, TakesMoreWhileItIsDrained) {
  Spool spool("/tmp", 0);
  OutputQueue queue(spool);
  std::string expected, got;
  for (int i = 0; i < 200; ++i) {
    std::string piece(static_cast<size_t>(i), static_cast<char>('a' + i % 26));
    expected += piece;
    ASSERT_TRUE(queue.append(piece, 50));
    auto bytes = queue.front();
    ASSERT_TRUE(bytes);
    size_t size = std::min<size_t>(60, bytes->size());
    got += bytes->substr(0, size);
    queue.consume(size);
  }
  EXPECT_EQ(got + drain(queue, 1000), expected);
  queue.reset();
  EXPECT_EQ(spool.used(), 0u);
}

TEST(OutputQueue, SaysWhenThereIsNoSpool) {
  Spool spool("/nonexistent/folder", 0);
  OutputQueue queue(spool);
  EXPECT_TRUE(queue.append("abc", 10));
  EXPECT_FALSE(queue.append("0123456789", 10));
  EXPECT_EQ(drain(queue, 2), "abc0123456789");
}

}  // namespace
}  // namespace howdah::serve

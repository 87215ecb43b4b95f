#include "base/buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace howdah::base {
namespace {

TEST(Buffer, GivesBackWhatWasAppendedInOrder) {
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    std::string piece = std::to_string(i) + ",";
    buffer.append(piece);
    expected += piece;
    if (i % 3 == 0) {
      buffer.consume(2);
      expected.erase(0, 2);
    }
    ASSERT_EQ(buffer.view(), expected);
  }
}

TEST(Buffer, ReusesTheRoomOfConsumedBytesBeforeItGrows) {
  Buffer buffer;
  buffer.append(std::string(100, 'a'));
  size_t capacity = buffer.capacity();
  for (int i = 0; i < 100; ++i) {
    buffer.consume(50);
    buffer.append(std::string(50, 'b'));
  }
  EXPECT_EQ(buffer.capacity(), capacity);
}

TEST(Buffer, ReleaseGivesTheMemoryBack) {
  Buffer buffer;
  buffer.append("x");
  buffer.release();
  EXPECT_EQ(buffer.capacity(), 0u);
  EXPECT_TRUE(buffer.empty());
}

}  // namespace
}  // namespace howdah::base

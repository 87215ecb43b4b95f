#include "codec/block_cache.h"

#include <gtest/gtest.h>

#include <cstring>

namespace howdah::codec {
namespace {

TEST(BlockCache, GivesAReleasedBlockAgain) {
  BlockCache cache(1000);
  void* first = cache.allocate(400);
  std::memset(first, 1, 400);
  cache.release(first);
  EXPECT_EQ(cache.kept_bytes(), 400u);
  EXPECT_EQ(cache.allocate(300), first);
  EXPECT_EQ(cache.kept_bytes(), 0u);
  cache.release(first);
}

TEST(BlockCache, GivesTheSmallestThatIsLargeEnoughButNoneFarTooLarge) {
  BlockCache cache(10'000);
  void* large = cache.allocate(2000);
  void* fitting = cache.allocate(500);
  cache.release(large);
  cache.release(fitting);
  EXPECT_EQ(cache.allocate(450), fitting);
  void* other = cache.allocate(100);
  EXPECT_NE(other, large);
  EXPECT_EQ(cache.kept_bytes(), 2000u);
  cache.release(fitting);
  cache.release(other);
}

TEST(BlockCache, KeepsNoMoreThanItsLimit) {
  BlockCache cache(1000);
  void* one = cache.allocate(800);
  void* two = cache.allocate(800);
  cache.release(one);
  cache.release(two);
  EXPECT_EQ(cache.kept_bytes(), 800u);
  cache.release(nullptr);
}

}  // namespace
}  // namespace howdah::codec

#include "app/watch/change_gatherer.h"

#include <gtest/gtest.h>

namespace howdah::app {
namespace {

constexpr base::Nanos kStart = 1000 * base::kSecond;
constexpr WatchRules::Match kCodeOfFirst{Change::kCode, 1};
constexpr WatchRules::Match kStylesOfSecond{Change::kStyles, 2};

TEST(ChangeGatherer, WaitsUntilNothingHasChangedForAMoment) {
  ChangeGatherer gatherer;
  EXPECT_EQ(gatherer.due(), 0);
  gatherer.note(kCodeOfFirst, "/a.php", kStart);
  EXPECT_EQ(gatherer.due(), kStart + kWatchQuiet);
  gatherer.note(kCodeOfFirst, "/b.php", kStart + 100 * base::kMillisecond);
  EXPECT_EQ(gatherer.due(), kStart + 100 * base::kMillisecond + kWatchQuiet);
}

TEST(ChangeGatherer, DoesNotWaitForEver) {
  ChangeGatherer gatherer;
  for (base::Nanos later = 0; later < 3 * kWatchLongest; later += kWatchQuiet / 2) {
    gatherer.note(kCodeOfFirst, "/a.php", kStart + later);
  }
  EXPECT_EQ(gatherer.due(), kStart + kWatchLongest);
}

TEST(ChangeGatherer, NamesTheFirstFileOfWhatWeighsMost) {
  ChangeGatherer gatherer;
  gatherer.note(kStylesOfSecond, "/a.css", kStart);
  gatherer.note(kCodeOfFirst, "/b.php", kStart + 1);
  gatherer.note(kCodeOfFirst, "/c.php", kStart + 2);
  Changes changes = gatherer.take();
  EXPECT_EQ(changes.change, Change::kCode);
  EXPECT_EQ(changes.first, "/b.php");
  EXPECT_EQ(changes.sets, 3U);
  EXPECT_EQ(changes.files, 3U);
}

TEST(ChangeGatherer, BeginsAnewAfterItWasTaken) {
  ChangeGatherer gatherer;
  gatherer.note(kCodeOfFirst, "/b.php", kStart);
  gatherer.take();
  EXPECT_EQ(gatherer.due(), 0);
  gatherer.note(kStylesOfSecond, "/a.css", kStart + 10 * base::kSecond);
  EXPECT_EQ(gatherer.due(), kStart + 10 * base::kSecond + kWatchQuiet);
  EXPECT_EQ(gatherer.take().sets, 2U);
}

TEST(ChangeGatherer, DoesNotCountWhatMeansNothing) {
  ChangeGatherer gatherer;
  gatherer.note({}, "/a.txt", kStart);
  EXPECT_EQ(gatherer.due(), 0);
}

}  // namespace
}  // namespace howdah::app

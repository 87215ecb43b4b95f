#include "serve/body_pace.h"

#include <gtest/gtest.h>

#include "serve/limits.h"

namespace howdah::serve {
namespace {

constexpr base::Nanos kLimit = 30 * base::kSecond;
constexpr base::Nanos kStart = 1000 * base::kSecond;

TEST(BodyPace, EndsWithSilence) {
  BodyPace pace;
  pace.begin(kStart);
  EXPECT_EQ(pace.next_look(kStart, kLimit, 0), kStart + kLimit);
  pace.note(kStart + base::kSecond);
  EXPECT_EQ(pace.next_look(kStart + kLimit - 1, kLimit, 1), kStart + kLimit + base::kSecond);
  EXPECT_EQ(pace.next_look(kStart + kLimit + base::kSecond, kLimit, 1 << 20), std::nullopt);
}

TEST(BodyPace, EndsWhenTheAverageIsTooLow) {
  BodyPace pace;
  pace.begin(kStart);
  base::Nanos now = kStart + 40 * base::kSecond;
  pace.note(now);
  EXPECT_EQ(pace.next_look(now, kLimit, 40 * kBodyBytesPerSecond), now + kBodyRateCheck);
  EXPECT_EQ(pace.next_look(now, kLimit, 40 * kBodyBytesPerSecond - 1), std::nullopt);
}

TEST(BodyPace, DoesNotAskForAnAverageAtTheBeginning) {
  BodyPace pace;
  pace.begin(kStart);
  base::Nanos now = kStart + 20 * base::kSecond;
  pace.note(now);
  EXPECT_EQ(pace.next_look(now, kLimit, 1), now + kLimit);
}

}  // namespace
}  // namespace howdah::serve

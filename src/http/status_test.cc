#include "http/status.h"

#include <gtest/gtest.h>

namespace howdah::http {
namespace {

TEST(Status, KnowsTheRegisteredPhrases) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(429), "Too Many Requests");
  EXPECT_EQ(reason_phrase(504), "Gateway Timeout");
  EXPECT_EQ(reason_phrase(799), "");
}

}  // namespace
}  // namespace howdah::http

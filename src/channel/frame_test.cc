#include "channel/frame.h"

#include <gtest/gtest.h>

#include <random>

namespace howdah::channel {
namespace {

TEST(ResponseHead, ReadsWhatTheEncoderWrote) {
  ResponseHeadEncoder encoder;
  encoder.begin(404);
  encoder.add("Content-Type", "text/html");
  encoder.add("Set-Cookie", "");
  ResponseHead head;
  ASSERT_TRUE(head.decode(encoder.bytes()));
  EXPECT_EQ(head.status(), 404);
  ASSERT_EQ(head.fields().size(), 2u);
  EXPECT_EQ(head.fields()[0].name, "Content-Type");
  EXPECT_EQ(head.fields()[0].value, "text/html");
  EXPECT_EQ(head.fields()[1].value, "");
}

TEST(ResponseHead, RefusesEveryCutAndEveryWrongSize) {
  ResponseHeadEncoder encoder;
  encoder.begin(200);
  encoder.add("A", "bcd");
  std::string good(encoder.bytes());
  ResponseHead head;
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(head.decode(std::string_view(good).substr(0, size))) << size;
  }
  EXPECT_FALSE(head.decode(good + "x"));
  std::string huge = good;
  huge[4] = '\xff';  // the size of the name
  huge[7] = '\xff';
  EXPECT_FALSE(head.decode(huge));
  encoder.begin(99);
  EXPECT_FALSE(head.decode(encoder.bytes()));
}

TEST(ResponseHead, SurvivesRandomBytes) {
  std::mt19937 random(7);
  ResponseHead head;
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes(random() % 64, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % 4 == 0 ? random() : random() % 3);
    if (head.decode(bytes)) {
      for (const ResponseField& field : head.fields()) ASSERT_LE(field.name.size(), bytes.size());
    }
  }
}

}  // namespace
}  // namespace howdah::channel

#include "channel/record.h"

#include <gtest/gtest.h>

#include "channel/limits.h"

namespace howdah::channel {
namespace {

TEST(LogRecord, ComesBackAsItWas) {
  std::string payload = encode_record({.level = 2, .text = "paid", .attributes = R"({"order":7})"});
  auto record = decode_record(payload);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->level, 2);
  EXPECT_EQ(record->text, "paid");
  EXPECT_EQ(record->attributes, R"({"order":7})");
}

TEST(LogRecord, NeverOutgrowsAFrame) {
  std::string large(kMaxTextBytes, 'x');
  std::string payload = encode_record({.text = large, .attributes = "{\"k\":\"" + large + "\"}"});
  EXPECT_LE(payload.size(), kMaxTextBytes);
  auto record = decode_record(payload);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->text.size(), kMaxTextBytes / 2);
  EXPECT_EQ(record->attributes, "{\"attributes_left_out_bytes\":8200}");
}

TEST(LogRecord, MalformedOnesAreRefused) {
  std::string payload = encode_record({.text = "text", .attributes = "{}"});
  for (size_t size = 0; size < 12; ++size) EXPECT_FALSE(decode_record(payload.substr(0, size)));
  payload[4] = '\xFF';
  EXPECT_FALSE(decode_record(payload));
  EXPECT_FALSE(decode_record(std::string(kMaxTextBytes + 1, '\0')));
}

}  // namespace
}  // namespace howdah::channel

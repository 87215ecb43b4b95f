#include "app/config/units.h"

#include <gtest/gtest.h>

#include "app/config/cpus.h"

namespace howdah::app {
namespace {

using base::kMillisecond;
using base::kSecond;

TEST(Units, ReadsDurations) {
  const std::pair<std::string_view, base::Nanos> cases[] = {{"5", 5 * kSecond},
                                                            {"250ms", 250 * kMillisecond},
                                                            {"2s", 2 * kSecond},
                                                            {"2m", 120 * kSecond},
                                                            {"1h", 3600 * kSecond},
                                                            {"1d", 86400 * kSecond},
                                                            {"1w", 604800 * kSecond},
                                                            {"1y", 31536000 * kSecond},
                                                            {"0", 0},
                                                            {"off", 0},
                                                            {"OFF", 0}};
  for (const auto& [text, value] : cases) {
    auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->value, value) << text;
  }
  EXPECT_TRUE(parse_duration("off")->off);
  EXPECT_FALSE(parse_duration("0")->off);
}

TEST(Units, RefusesWhatIsNoDuration) {
  for (std::string_view text : {"", "-1", "1.5", "5 s", "1h30m", "m", "5x", "2M", "101y", "1e3",
                                "99999999999999999999", "on", "+1"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Units, ReadsSizesInPowersOf1024) {
  EXPECT_EQ(parse_size("100"), 100U);
  EXPECT_EQ(parse_size("64k"), 65536U);
  EXPECT_EQ(parse_size("128M"), 134217728U);
  EXPECT_EQ(parse_size("2g"), 2147483648U);
  EXPECT_EQ(parse_size("off"), 0U);
  for (std::string_view text : {"", "1t", "1kb", "-1", "1.5m", "99999999999g", "k"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Units, ReadsBooleansInAnyCase) {
  for (std::string_view text : {"1", "true", "ON", "Yes"}) EXPECT_EQ(parse_boolean(text), true);
  for (std::string_view text : {"0", "FALSE", "off", "No"}) EXPECT_EQ(parse_boolean(text), false);
  for (std::string_view text : {"", "2", "y", "enable"}) EXPECT_FALSE(parse_boolean(text)) << text;
}

TEST(Units, WritesTheLargestExactUnit) {
  EXPECT_EQ(format_duration(120 * kSecond), "2m");
  EXPECT_EQ(format_duration(90 * kSecond), "90s");
  EXPECT_EQ(format_duration(1500 * kMillisecond), "1500ms");
  EXPECT_EQ(format_duration(0), "off");
  EXPECT_EQ(format_size(65536), "64k");
  EXPECT_EQ(format_size(1000), "1000");
}

TEST(Cpus, ReadsCgroupQuotas) {
  EXPECT_EQ(cpus_of_quota("200000 100000"), 2U);
  EXPECT_EQ(cpus_of_quota("150000 100000"), 2U);
  EXPECT_EQ(cpus_of_quota("10000 100000"), 1U);
  EXPECT_FALSE(cpus_of_quota("max 100000"));
  EXPECT_FALSE(cpus_of_quota("-1 100000"));
  EXPECT_FALSE(cpus_of_quota(""));
  EXPECT_GE(usable_cpus(), 1U);
}

}  // namespace
}  // namespace howdah::app

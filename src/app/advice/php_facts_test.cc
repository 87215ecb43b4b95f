#include "app/advice/php_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace howdah::app {
namespace {

using ::testing::ElementsAre;

TEST(PhpFacts, AreReadFromTheReport) {
  auto facts = parse_php_facts(R"({"php": "8.2.35 NTS", "ini_file": "/etc/php.ini",
      "ini": {"a": "1", "b": null}, "extensions": ["Core"], "zend_extensions": ["Zend OPcache"],
      "executor_replaced": true, "directories": {"upload_tmp_dir": {"path": "/t", "writable": true}}})");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->version, "8.2.35 NTS");
  EXPECT_EQ(facts->ini_file, "/etc/php.ini");
  EXPECT_EQ(facts->value("a"), "1");
  EXPECT_TRUE(facts->has("b"));
  EXPECT_FALSE(facts->has("c"));
  EXPECT_EQ(facts->value("c"), "");
  EXPECT_THAT(facts->extensions, ElementsAre("Core"));
  EXPECT_TRUE(facts->has_zend_extension("Zend OPcache"));
  EXPECT_TRUE(facts->executor_replaced);
  ASSERT_EQ(facts->directories.size(), 1u);
  EXPECT_EQ(facts->directories[0].path, "/t");
  EXPECT_TRUE(facts->directories[0].writable);
}

TEST(PhpFacts, RefusesWhatIsNoReport) {
  for (const char* text : {"", "x", "[]", "{}", R"({"php": 1, "ini": {}})",
                           R"({"php": "8", "ini": []})", R"({"php": "8", "ini": {})"}) {
    EXPECT_FALSE(parse_php_facts(text)) << text;
  }
}

TEST(PhpFacts, TakesMembersOfTheWrongKindForMissing) {
  auto facts = parse_php_facts(R"({"php": "8", "ini": {"a": 1}, "extensions": 3,
      "zend_extensions": [1], "executor_replaced": "yes", "directories": {"x": 1, "y": {"path": 2}}})");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->value("a"), "");
  EXPECT_TRUE(facts->extensions.empty());
  EXPECT_FALSE(facts->executor_replaced);
  ASSERT_EQ(facts->directories.size(), 1u);
  EXPECT_FALSE(facts->directories[0].writable);
}

TEST(PhpFacts, ReadsNumbersAsPhpDoes) {
  PhpFacts facts;
  const std::pair<const char*, int64_t> kCases[] = {
      {"", 0},           {"0", 0},     {"12", 12},
      {"64M", 64 << 20}, {"2k", 2048}, {"-1", -1},
      {"1G", 1 << 30},   {"x", 0},     {"9223372036854775807G", INT64_MAX}};
  for (const auto& [text, expected] : kCases) {
    facts.ini["n"] = text;
    EXPECT_EQ(facts.number("n"), expected) << text;
  }
}

TEST(PhpFacts, ReadsFlagsAsPhpDoes) {
  PhpFacts facts;
  for (const char* text : {"1", "On", "yes", "TRUE", "2"}) {
    facts.ini["f"] = text;
    EXPECT_TRUE(facts.flag("f")) << text;
  }
  for (const char* text : {"", "0", "Off", "no", "stderr"}) {
    facts.ini["f"] = text;
    EXPECT_FALSE(facts.flag("f")) << text;
  }
}

}  // namespace
}  // namespace howdah::app

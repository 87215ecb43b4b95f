#include "base/log.h"

#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <vector>

namespace howdah::base {
namespace {

struct CapturingSink : LogSink {
  std::vector<std::string> lines;
  void write_line(std::string_view line) override { lines.emplace_back(line); }
};

TEST(Logger, WritesOneJsonObjectInTheContractsForm) {
  CapturingSink sink;
  Logger logger(sink, {.service = "shop"});
  logger.log(LogType::kError, LogLevel::kWarn, "bad \"thing\"\n", {.request_id = "r1"},
             {{"path", std::string_view("/x\xff")}, {"status", int64_t{500}}, {"ok", false}});
  ASSERT_EQ(sink.lines.size(), 1u);
  EXPECT_EQ(sink.lines[0].back(), '\n');
  auto line = nlohmann::json::parse(sink.lines[0]);
  EXPECT_EQ(line["level"], "warn");
  EXPECT_EQ(line["type"], "error");
  EXPECT_EQ(line["msg"], "bad \"thing\"\n");
  EXPECT_EQ(line["ctx"]["service"], "shop");
  EXPECT_EQ(line["ctx"]["request_id"], "r1");
  EXPECT_FALSE(line["ctx"].contains("trace_id"));
  EXPECT_EQ(line["data"]["status"], 500);
  EXPECT_EQ(line["data"]["ok"], false);
  EXPECT_EQ(line["ts"].get<std::string>().size(), std::string("2026-01-01T00:00:00.000Z").size());
}

TEST(Logger, LeavesOutLinesBelowItsLevel) {
  CapturingSink sink;
  Logger logger(sink, {.level = LogLevel::kError});
  logger.warn("quiet");
  EXPECT_TRUE(sink.lines.empty());
}

TEST(Logger, TextFormCannotBeForgedByAMessage) {
  CapturingSink sink;
  Logger logger(sink, {.format = Logger::Format::kText});
  logger.info("one\ntwo\x1b[31m");
  ASSERT_EQ(sink.lines.size(), 1u);
  EXPECT_EQ(std::count(sink.lines[0].begin(), sink.lines[0].end(), '\n'), 1);
  EXPECT_EQ(sink.lines[0].find('\x1b'), std::string::npos);
}

TEST(Logger, TextFormCannotDriveATerminal) {
  CapturingSink sink;
  Logger logger(sink, {.format = Logger::Format::kText});
  for (const char* text : {"\xC2\x9B"
                           "31m",
                           "\x9B"
                           "31m",
                           "\x7F", "\r"}) {
    logger.info(text, {{"path", text}});
    for (const char* control : {"\x9B", "\x7F", "\r"}) {
      EXPECT_EQ(sink.lines.back().find(control), std::string::npos);
    }
  }
  logger.info("caf\xC3\xA9 \"quoted\"");
  EXPECT_TRUE(sink.lines.back().ends_with(" caf\xC3\xA9 \"quoted\"\n"));
}

struct NarrowSink : CapturingSink {
  size_t longest_line() const override { return 300; }
};

TEST(Logger, ShortensTextsUntilTheLineFitsAndSaysSo) {
  for (std::string text : {std::string(1000, 'x'), std::string(1000, '\x01')}) {
    for (size_t i = 0; i < text.size(); i += 2) text.replace(i, 2, "\xC3\xA9");
    NarrowSink sink;
    Logger logger(sink, {});
    logger.info(text, {{"path", std::string_view(text)}, {"short", "s"}, {"number", int64_t{7}}});
    EXPECT_LE(sink.lines.at(0).size(), 300u);
    auto line = nlohmann::json::parse(sink.lines.at(0));
    EXPECT_TRUE(line["msg"].get<std::string>().starts_with("\xC3\xA9"));
    EXPECT_EQ(sink.lines[0].find("\\ufffd"), std::string::npos) << "a character was divided";
    EXPECT_EQ(line["data"]["short"], "s");
    EXPECT_EQ(line["data"]["number"], 7);
    EXPECT_EQ(line["data"]["truncated"], true);
    logger.info(text);
    EXPECT_EQ(nlohmann::json::parse(sink.lines.at(1))["data"],
              (nlohmann::json{{"truncated", true}}));
  }
}

TEST(Logger, LeavesLinesThatFitAsTheyAre) {
  NarrowSink sink;
  Logger(sink, {}).info(std::string(100, 'x'), {{"a", int64_t{1}}});
  auto line = nlohmann::json::parse(sink.lines.at(0));
  EXPECT_EQ(line["msg"], std::string(100, 'x'));
  EXPECT_EQ(line["data"], (nlohmann::json{{"a", 1}}));
}

}  // namespace
}  // namespace howdah::base

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

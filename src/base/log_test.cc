#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

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

TEST(AsyncLogSink, WritesEveryQueuedLineBeforeItEnds) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd read_end(ends[0]), write_end(ends[1]);
  {
    AsyncLogSink sink(write_end.get());
    for (int i = 0; i < 100; ++i) sink.write_line("line\n");
  }
  write_end.reset();
  std::string got(1000, '\0');
  got.resize(static_cast<size_t>(::read(read_end.get(), got.data(), got.size())));
  EXPECT_EQ(got.size(), 500u);
}

TEST(AsyncLogSink, DropsAndCountsLinesWhenNobodyReads) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd read_end(ends[0]), write_end(ends[1]);
  AsyncLogSink sink(write_end.get());
  std::string line(64 << 10, 'x');
  for (size_t written = 0; written < 3 * AsyncLogSink::kQueueBytes; written += line.size()) {
    sink.write_line(line);
  }
  EXPECT_GT(sink.dropped(), 0u);
  read_end.reset();  // the writer sees EPIPE and gives up
}

}  // namespace
}  // namespace howdah::base

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

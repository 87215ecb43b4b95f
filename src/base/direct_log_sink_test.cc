#include "base/direct_log_sink.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/log_fixture.h"

namespace howdah::base {
namespace {

using nlohmann::json;

struct Log {
  explicit Log(int fd) : sink(fd, {}), logger(sink, {}) { sink.count_lost_in(counter); }
  SharedCounter counter = *SharedCounter::create();
  DirectLogSink sink;
  Logger logger;
};

// What is in the pipe now.
std::vector<std::string> lines_in(const Pipe& pipe) {
  std::string text(pipe.waiting(), '\0');
  text.resize(static_cast<size_t>(::read(pipe.read_end.get(), text.data(), text.size())));
  return lines_of(text);
}

TEST(DirectLogSink, ShortensALineThatAPipeWouldDivide) {
  Pipe pipe;
  Log log(pipe.write_end.get());
  const std::string path(5'000, '/');
  log.logger.error("not found: " + path, {{"path", path}, {"status", int64_t{404}}});
  auto lines = lines_in(pipe);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_LT(lines[0].size(), 4096u);
  json line = json::parse(lines[0]);
  EXPECT_TRUE(line["msg"].get<std::string>().starts_with("not found: ////"));
  EXPECT_EQ(line["data"]["status"], 404);
  EXPECT_EQ(line["data"]["truncated"], true);
}

TEST(DirectLogSink, CountsWhatNobodyReadsAndSaysSo) {
  Pipe pipe;
  ::fcntl(pipe.write_end.get(), F_SETPIPE_SZ, 8192);
  Log log(pipe.write_end.get());
  log.logger.info(std::string(3'000, 'a'));
  log.logger.info(std::string(3'000, 'b'));
  for (const char* text : {"lost", "as well"}) log.logger.info(text);
  EXPECT_EQ(log.sink.lost(), 2u);
  EXPECT_EQ(log.counter.value(), 2u);
  EXPECT_EQ(lines_in(pipe).size(), 2u);
  log.logger.info("d");
  log.logger.info("e");
  auto lines = lines_in(pipe);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(json::parse(lines[0])["msg"], "log lines were lost");
  EXPECT_EQ(json::parse(lines[0])["data"]["lines"], 2);
  EXPECT_EQ(json::parse(lines[1])["msg"], "d");
  EXPECT_EQ(json::parse(lines[2])["msg"], "e");
}

TEST(DirectLogSink, KeepsWholeLinesOnAFullDisk) {
  FullDisk disk(600, O_APPEND);
  Log log(disk.fd());
  for (const char* text : {"a", "b", "c"}) log.logger.info(std::string(400, *text));
  EXPECT_EQ(log.sink.lost(), 2u);
  EXPECT_EQ(lines_of(disk.text()).size(), 1u);
  disk.make_room();
  log.logger.info("d");
  auto lines = lines_of(disk.text());
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(json::parse(lines[1])["data"]["lines"], 2);
  EXPECT_EQ(json::parse(lines[2])["msg"], "d");
}

TEST(DirectLogSink, CountsLinesForAReaderThatIsGone) {
  Pipe pipe;
  pipe.read_end.reset();
  Log log(pipe.write_end.get());
  log.logger.info("a");
  log.logger.info("b");
  EXPECT_EQ(log.counter.value(), 2u);
}

}  // namespace
}  // namespace howdah::base

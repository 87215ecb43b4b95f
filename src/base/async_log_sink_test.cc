#include "base/async_log_sink.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/direct_log_sink.h"
#include "base/log_fixture.h"

namespace howdah::base {
namespace {

using nlohmann::json;

// More than the queue and what the writer has taken from it can hold.
constexpr size_t kTooMuch = 3 * AsyncLogSink::kQueueBytes;
constexpr size_t kLine = 60'000;  // no part of a page, and longer than PIPE_BUF

std::string line_of(size_t number, size_t size) {
  std::string line = std::to_string(number);
  line.resize(size - 1, '.');
  return line + "\n";
}

bool is_notice(const std::string& line) { return line.starts_with('{'); }

// How many lines the log says are missing.
uint64_t told_in(const std::string& text) {
  uint64_t sum = 0;
  for (const std::string& line : lines_of(text)) {
    if (is_notice(line) && line.ends_with('}'))
      sum += json::parse(line)["data"]["lines"].get<uint64_t>();
  }
  return sum;
}

// All lines but those that were lost are whole and in their order; where some are missing a line
// says how many.
void expect_gaps_are_told(const std::string& text, size_t written) {
  size_t next = 0;
  for (const std::string& line : lines_of(text)) {
    if (!is_notice(line)) {
      ASSERT_EQ(line + "\n", line_of(next++, kLine));
      continue;
    }
    json notice = json::parse(line);
    EXPECT_EQ(notice["level"], "warn");
    EXPECT_EQ(notice["msg"], "log lines were lost");
    EXPECT_EQ(notice["ctx"]["service"], "shop");
    next += notice["data"]["lines"].get<size_t>();
  }
  EXPECT_EQ(next, written);
}

// How often this process has called write().
uint64_t writes_so_far() {
  std::ifstream file("/proc/self/io");
  uint64_t count = 0;
  for (std::string word; file >> word;) {
    if (word == "syscw:") file >> count;
  }
  return count;
}

// Fills the sink until lines are lost; returns how many it was given.
size_t fill(AsyncLogSink& sink) {
  size_t count = 0;
  while (count * kLine < kTooMuch) sink.write_line(line_of(count++, kLine));
  EXPECT_GT(sink.dropped(), 0u);
  return count;
}

TEST(AsyncLogSink, WritesEveryQueuedLineBeforeItEnds) {
  Pipe pipe;
  {
    AsyncLogSink sink(pipe.write_end.get(), {});
    for (int i = 0; i < 100; ++i) sink.write_line("line\n");
  }
  EXPECT_EQ(pipe.waiting(), 500u);
}

TEST(AsyncLogSink, SaysWhereLinesWereLostWhileNobodyRead) {
  Pipe pipe;
  AsyncLogSink sink(pipe.write_end.get(), {.service = "shop"});
  size_t written = fill(sink);
  uint64_t lost = sink.dropped();
  Reader reader(pipe.read_end.get());
  EXPECT_TRUE(wait_until([&] { return told_in(reader.text()) == lost; }));
  sink.write_line(line_of(written, kLine));
  EXPECT_TRUE(wait_until([&] { return reader.has("\n" + line_of(written, kLine)); }));
  EXPECT_EQ(sink.dropped(), lost);
  expect_gaps_are_told(reader.text(), written + 1);
}

TEST(AsyncLogSink, SaysNothingOfLostLinesBelowItsLevel) {
  Pipe pipe;
  AsyncLogSink sink(pipe.write_end.get(), {});
  sink.set_level(LogLevel::kError);
  size_t written = fill(sink);
  Reader reader(pipe.read_end.get());
  std::string last = line_of(written, kLine);
  EXPECT_TRUE(wait_until([&] {
    sink.write_line(last);
    return reader.has(last);
  }));
  EXPECT_FALSE(reader.has("lines were lost"));
}

class AsyncLogSinkOnAFullDisk : public testing::TestWithParam<int> {};

TEST_P(AsyncLogSinkOnAFullDisk, KeepsWholeLinesAndLosesNoneOfThoseItCanHold) {
  FullDisk disk(10'000, GetParam());
  AsyncLogSink sink(disk.fd(), {});
  std::string all;
  for (size_t i = 0; i < 100; ++i) all += line_of(i, 300);
  for (size_t i = 0; i < 100; ++i) sink.write_line(line_of(i, 300));
  const std::string fits = all.substr(0, 9'900);
  EXPECT_TRUE(wait_until([&] { return disk.text() == fits; })) << disk.text().size();
  disk.make_room();
  EXPECT_TRUE(wait_until([&] { return disk.text() == all; })) << disk.text().size();
  EXPECT_EQ(sink.dropped(), 0u);
}

TEST_P(AsyncLogSinkOnAFullDisk, SaysWhereLinesWereLost) {
  FullDisk disk(100'000, GetParam());
  AsyncLogSink sink(disk.fd(), {.service = "shop"});
  size_t written = fill(sink);
  uint64_t lost = sink.dropped();
  disk.make_room();
  EXPECT_TRUE(wait_until([&] { return told_in(disk.text()) == lost; }));
  expect_gaps_are_told(disk.text(), written);
}

INSTANTIATE_TEST_SUITE_P(OpenedToAppendOrNot, AsyncLogSinkOnAFullDisk,
                         testing::Values(O_APPEND, 0));

TEST(AsyncLogSink, HoldsLinesForAReaderThatComesBack) {
  std::string path = testing::TempDir() + "async_log_sink_" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  UniqueFd first(::open(path.c_str(), O_RDONLY | O_NONBLOCK));
  UniqueFd log(::open(path.c_str(), O_WRONLY));
  first.reset();
  AsyncLogSink sink(log.get(), {});
  sink.write_line("one\n");
  sink.write_line("two\n");
  // It tries again now and then, and not without a pause.
  const uint64_t before = writes_so_far();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(writes_so_far() - before, 20u);
  UniqueFd second(::open(path.c_str(), O_RDONLY));
  Reader reader(second.get());
  EXPECT_TRUE(wait_until([&] { return reader.text() == "one\ntwo\n"; }));
  EXPECT_EQ(sink.dropped(), 0u);
  ::unlink(path.c_str());
}

TEST(AsyncLogSink, WritesALineThatWasBegunWhollyToTheNextFile) {
  Pipe old, next;
  AsyncLogSink sink(old.write_end.get(), {});
  const std::string line = line_of(1, 100'000);  // more than a pipe holds
  sink.write_line("short\n");
  sink.write_line(line);
  ASSERT_TRUE(wait_until([&] { return old.waiting() > kLine / 2; }));
  sink.reopen(std::move(next.write_end));
  Reader reader(next.read_end.get());
  EXPECT_TRUE(wait_until([&] { return reader.text() == line; }));
}

TEST(AsyncLogSink, BeginsNoLongLineInAPipeThatCannotHoldItsEnd) {
  constexpr size_t kHalf = 40'000;  // of what a pipe holds, and more
  for (int i = 0; i < 20; ++i) {
    Pipe pipe;
    AsyncLogSink sink(pipe.write_end.get(), {});
    DirectLogSink other(pipe.write_end.get(), {});
    for (size_t number : {0, 1, 2}) sink.write_line(line_of(number, kHalf));
    ASSERT_TRUE(wait_until([&] { return pipe.waiting() >= kHalf; }));
    other.write_line("of another process\n");
    Reader reader(pipe.read_end.get());
    const std::string expected =
        line_of(0, kHalf) + "of another process\n" + line_of(1, kHalf) + line_of(2, kHalf);
    EXPECT_TRUE(wait_until([&] { return reader.text().size() >= expected.size(); }));
    ASSERT_EQ(reader.text(), expected);
  }
}

}  // namespace
}  // namespace howdah::base

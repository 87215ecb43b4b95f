#include "php/line_pipe.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace howdah::php {
namespace {

using ::testing::ElementsAre;

class LinePipeTest : public ::testing::Test {
 protected:
  LinePipeTest() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) std::abort();
    lines_pipe = LinePipe(base::UniqueFd(ends[0]));
    writer = base::UniqueFd(ends[1]);
    ::fcntl(writer.get(), F_SETPIPE_SZ, 1 << 20);
  }
  void write(std::string_view text) {
    ASSERT_TRUE(base::write_all(writer.get(), text.data(), text.size()));
  }
  bool read() {
    return lines_pipe.read_some([this](std::string_view line) { lines.emplace_back(line); });
  }
  LinePipe lines_pipe;
  base::UniqueFd writer;
  std::vector<std::string> lines;
};

TEST_F(LinePipeTest, GivesWholeLinesOnly) {
  write("one\ntw");
  EXPECT_TRUE(read());
  EXPECT_THAT(lines, ElementsAre("one"));
  write("o\n\nthree\n");
  EXPECT_TRUE(read());
  EXPECT_THAT(lines, ElementsAre("one", "two", "three"));
}

TEST_F(LinePipeTest, CutsLongLines) {
  write(std::string(2 * LinePipe::kMaxLine + 5, 'x') + "\n");
  EXPECT_TRUE(read());
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].size(), LinePipe::kMaxLine);
  EXPECT_EQ(lines[1].size(), LinePipe::kMaxLine);
  EXPECT_EQ(lines[2].size(), 5u);
}

TEST_F(LinePipeTest, TakesABoundedAmountAtATime) {
  write(std::string(4 * LinePipe::kReadBytes, '\n') + "last\n");
  EXPECT_TRUE(read());
  EXPECT_TRUE(lines.empty());
}

TEST_F(LinePipeTest, DrainDoesNotWaitForTheEndOfThePipe) {
  write("unfinished");
  lines_pipe.drain([this](std::string_view line) { lines.emplace_back(line); });
  EXPECT_THAT(lines, ElementsAre("unfinished"));
}

TEST_F(LinePipeTest, TellsTheEnd) {
  writer.reset();
  EXPECT_FALSE(read());
}

}  // namespace
}  // namespace howdah::php

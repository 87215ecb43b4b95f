#include "app/config/env_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace howdah::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(EnvFile, ReadsNamesAndValues) {
  EnvFile file = parse_env_file(
      "# a comment\n\nA=1\r\nexport B = two words # said "
      "so\nC='#$x\\n'\nD=\"a\\tb\\\"\"\nE=\nF=x#y");
  EXPECT_THAT(file.problems, IsEmpty());
  EXPECT_THAT(file.values, ElementsAre(Pair("A", "1"), Pair("B", "two words"), Pair("C", "#$x\\n"),
                                       Pair("D", "a\tb\""), Pair("E", ""), Pair("F", "x#y")));
}

TEST(EnvFile, NamesTheLineOfWhatItCannotRead) {
  EnvFile file = parse_env_file("A=1\nnothing here\n1B=2\nC='open\nD=\"x\" y\n");
  EXPECT_THAT(file.values, ElementsAre(Pair("A", "1")));
  EXPECT_THAT(file.problems, SizeIs(4));
  EXPECT_EQ(file.problems[0], "line 2: expected NAME=value");
  EXPECT_EQ(file.problems[2], "line 4: the value of C is not closed");
}

}  // namespace
}  // namespace howdah::app

#include "pool/script_stack.h"

#include <gtest/gtest.h>

#include "pool/limits.h"

namespace howdah::pool {
namespace {

TEST(ScriptStack, IsWhatAWorkerWaitsInAndALineAFrame) {
  ScriptStack stack = parse_stack("poll in do_poll\nfgets()\n{main} /a.php:3\n");
  EXPECT_EQ(stack.waiting_in, "poll in do_poll");
  EXPECT_EQ(stack.frames, (std::vector<std::string>{"fgets()", "{main} /a.php:3"}));
  EXPECT_TRUE(parse_stack("").frames.empty());
  EXPECT_TRUE(parse_stack("\n").frames.empty());
}

TEST(ScriptStack, IsBoundedAndCleanWhateverAWorkerSends) {
  std::string text = "a\x01\n" + std::string(5000, 'x') + "\n\x7f\x1b\n";
  for (int i = 0; i < 1000; ++i) text += "f()\n";
  ScriptStack stack = parse_stack(text);
  EXPECT_EQ(stack.waiting_in, "a?");
  EXPECT_EQ(stack.frames.size(), kMostStackFrames);
  EXPECT_EQ(stack.frames[0].size(), kLongestStackLine);
  EXPECT_EQ(stack.frames[1], "??");
}

}  // namespace
}  // namespace howdah::pool

#include "php/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace howdah::php {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool parse(std::vector<std::string> arguments, Options& options, std::string& error) {
  std::vector<char*> argv = {nullptr};
  for (auto& each : arguments) argv.push_back(each.data());
  return parse_options(static_cast<int>(argv.size()), argv.data(), options, error);
}

TEST(Options, TakesValuesInBothForms) {
  Options options;
  std::string error;
  ASSERT_TRUE(parse(
      {"--control-fd", "3", "--sapi-name=cli-server", "--ini-set", "a=b=c",
       "--ini-set=x=", "--parent-pid=7", "--no-ext", "--settings", "--ini", "/p", "--hosts", "3"},
      options, error));
  EXPECT_EQ(options.control_fd, 3);
  EXPECT_EQ(options.parent_pid, 7);
  EXPECT_EQ(options.sapi_name, "cli-server");
  EXPECT_THAT(options.ini_sets, ElementsAre("a=b=c", "x="));
  EXPECT_FALSE(options.functions);
  EXPECT_TRUE(options.settings);
  EXPECT_EQ(options.ini_path, "/p");
  EXPECT_EQ(options.hosts, 3U);
}

TEST(Options, NamesWhatItCannotUse) {
  for (const char* bad :
       {"--control-fd=x", "--control-fd=-1", "--sapi-name=embed", "--ini-set=novalue",
        "--ini-set==v", "--ini-set=a=b\nc=d", "--worker-mode=fork", "--snapshot-ready=0",
        "--snapshot-ready=65", "--nonsense=1", "--ini", "--hosts=0", "--hosts=65"}) {
    Options options;
    std::string error;
    EXPECT_FALSE(parse({bad}, options, error)) << bad;
    EXPECT_THAT(error, HasSubstr(std::string(bad).substr(0, std::string(bad).find('=')))) << bad;
  }
}

}  // namespace
}  // namespace howdah::php

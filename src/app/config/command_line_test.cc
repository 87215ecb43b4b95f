#include "app/config/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/settings.h"

namespace howdah::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

CommandLine parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "howdah");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLine, ServesWithoutACommand) {
  CommandLine line = parse({});
  EXPECT_EQ(line.command, Command::kServe);
  EXPECT_THAT(line.problems, IsEmpty());
  EXPECT_EQ(parse({"serve", "site"}).directory, "site");
  EXPECT_EQ(parse({"site"}).directory, "site");
  EXPECT_EQ(parse({"serve"}).directory, "");
}

TEST(CommandLine, KnowsItsCommands) {
  EXPECT_EQ(parse({"check"}).command, Command::kCheck);
  EXPECT_EQ(parse({"reload"}).command, Command::kReload);
  EXPECT_EQ(parse({"status", "--json"}).status_format, StatusFormat::kJson);
  EXPECT_EQ(parse({"--version"}).command, Command::kVersion);
  EXPECT_EQ(parse({"--help"}).command, Command::kHelp);
  EXPECT_EQ(parse({"--help", "--markdown"}).command, Command::kMarkdown);
}

TEST(CommandLine, HasAFlagForEverySetting) {
  for (const Setting& setting : settings()) {
    std::string flag = setting.flag();
    CommandLine line = parse({flag.c_str(), "x"});
    EXPECT_THAT(line.problems, IsEmpty()) << flag;
    EXPECT_THAT(line.flags, ElementsAre(Pair(setting.name, "x"))) << flag;
  }
  EXPECT_THAT(parse({"--php=/x"}).flags, ElementsAre(Pair("HOWDAH_PHP", "/x")));
}

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(parse({"--no-such"}).problems, ElementsAre(HasSubstr("--no-such")));
  EXPECT_THAT(parse({"--php-worker=3"}).problems,
              ElementsAre("unknown option --php-worker, did you mean --php-workers?; accepted: see "
                          "howdah --help"));
  EXPECT_THAT(parse({"--internal-tokn=hush"}).problems, ElementsAre(Not(HasSubstr("hush"))));
  EXPECT_THAT(parse({"--markdown"}).problems, SizeIs(1));
  EXPECT_THAT(parse({"--document-root"}).problems, ElementsAre(HasSubstr("--document-root")));
  EXPECT_THAT(parse({"reload", "now"}).problems, ElementsAre(HasSubstr("now")));
  EXPECT_THAT(parse({"--json"}).problems, SizeIs(1));
}

TEST(CommandLine, HelpNamesEverySettingInAHundredColumns) {
  std::string help = help_text();
  for (const Setting& setting : settings()) EXPECT_THAT(help, HasSubstr(setting.flag() + " "));
  for (size_t start = 0; start < help.size();) {
    size_t end = help.find('\n', start);
    EXPECT_LE(end - start, 100U) << help.substr(start, end - start);
    start = end + 1;
  }
}

}  // namespace
}  // namespace howdah::app

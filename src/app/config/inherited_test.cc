#include "app/config/inherited.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace howdah::app {
namespace {

using Environment = std::map<std::string, std::string, std::less<>>;

// "3 web, 4 internal | problems"
std::string given(const Environment& environment) {
  std::vector<std::string> problems;
  std::string text;
  for (const InheritedSocket& socket : inherited_sockets(environment, 42, problems)) {
    text += (text.empty() ? "" : ", ") + std::to_string(socket.fd) + " " + socket.name;
  }
  for (const std::string& problem : problems) text += "| " + problem;
  return text;
}

TEST(InheritedSockets, AreNumberedFromThree) {
  EXPECT_EQ(given({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "2"}}), "3 , 4 ");
  EXPECT_EQ(given({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "2"}, {"LISTEN_FDNAMES", "web:internal"}}),
            "3 web, 4 internal");
  EXPECT_EQ(given({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", ""}}), "3 ");
}

TEST(InheritedSockets, AreNoneForAnotherProcess) {
  EXPECT_EQ(given({}), "");
  EXPECT_EQ(given({{"LISTEN_FDS", "2"}}), "");
  EXPECT_EQ(given({{"LISTEN_PID", "41"}, {"LISTEN_FDS", "nonsense"}}), "");
  EXPECT_EQ(given({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "0"}, {"LISTEN_FDNAMES", ""}}), "");
}

TEST(InheritedSockets, MustBeSaidRight) {
  EXPECT_THAT(given({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "x"}}),
              testing::StartsWith("| LISTEN_FDS=x"));
  EXPECT_THAT(given({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "999999"}}),
              testing::StartsWith("| LISTEN_FDS=999999"));
  EXPECT_THAT(given({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "2"}, {"LISTEN_FDNAMES", "web"}}),
              testing::StartsWith("| LISTEN_FDNAMES=web"));
}

}  // namespace
}  // namespace howdah::app

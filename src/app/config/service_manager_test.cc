#include "app/config/service_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace howdah::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class ServiceManagerTest : public testing::Test {
 protected:
  ServiceManager read(const std::vector<std::string>& environment) {
    return service_manager(environment, 42, problems_);
  }
  std::vector<std::string> problems_;
};

TEST_F(ServiceManagerTest, IsNobodyWithoutItsVariables) {
  ServiceManager manager = read({});
  EXPECT_EQ(manager.socket, "");
  EXPECT_EQ(manager.watchdog, 0);
}

TEST_F(ServiceManagerTest, HasASocketWithAPathOrAnAbstractName) {
  EXPECT_EQ(read({"NOTIFY_SOCKET=/run/systemd/notify"}).socket, "/run/systemd/notify");
  EXPECT_EQ(read({"NOTIFY_SOCKET=@abstract"}).socket, "@abstract");
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_EQ(read({"NOTIFY_SOCKET=vsock:2:1234"}).socket, "");
  EXPECT_THAT(problems_, ElementsAre(StartsWith("NOTIFY_SOCKET=vsock:2:1234: ")));
}

TEST_F(ServiceManagerTest, WatchesTheProcessThatItNames) {
  EXPECT_EQ(read({"WATCHDOG_USEC=3000000"}).watchdog, 3 * base::kSecond);
  EXPECT_EQ(read({"WATCHDOG_USEC=3000000", "WATCHDOG_PID=42"}).watchdog, 3 * base::kSecond);
  EXPECT_EQ(read({"WATCHDOG_USEC=3000000", "WATCHDOG_PID=41"}).watchdog, 0);
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(ServiceManagerTest, RefusesTimesThatAreNone) {
  for (const char* text : {"0", "x", "-1", "99999999999999999999"}) {
    problems_.clear();
    EXPECT_EQ(read({std::string("WATCHDOG_USEC=") + text}).watchdog, 0);
    EXPECT_THAT(problems_, ElementsAre(StartsWith("WATCHDOG_USEC="))) << text;
  }
}

}  // namespace
}  // namespace howdah::app

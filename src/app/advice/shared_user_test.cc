#include "app/advice/shared_user.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace howdah::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uid_t kPhp = 4001, kFront = 4002;

class SharedUserTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/howdah-shared-XXXXXX";
    folder_ = ::mkdtemp(name);
    ::chmod(folder_.c_str(), 0755);
    file_ = folder_ + "/secret";
    std::ofstream(file_) << "x";
    ::chmod(file_.c_str(), 0600);
    config_.run_as = Identity{.user = "php", .uid = kPhp, .gid = kPhp, .home = ""};
    config_.front_user = Identity{.user = "front", .uid = kFront, .gid = kFront, .home = ""};
  }
  void TearDown() override {
    ::unlink(file_.c_str());
    ::rmdir(folder_.c_str());
  }
  std::vector<std::string> notes() { return shared_user_notes(config_, ::getuid(), ::getgid()); }

  std::string folder_, file_;
  Config config_;
};

TEST_F(SharedUserTest, HasNothingToSayOfUsersOfTheirOwn) { EXPECT_THAT(notes(), IsEmpty()); }

TEST_F(SharedUserTest, SaysWhatTheFrontCannotKeepFromPhpOfItsUser) {
  config_.front_user = config_.run_as;
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("PHP and the front are one user, php")));
}

TEST_F(SharedUserTest, SaysWhatAStartWithoutRootCannotKeep) {
  config_.run_as.reset();
  config_.front_user.reset();
  config_.control_socket = "/run/user/1/control.sock";
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("orders over CONTROL_SOCKET=/run/user/1")));
}

TEST_F(SharedUserTest, NamesSecretsThatPhpCanRead) {
  config_.tls_key = file_;
  config_.env_file = file_;
  EXPECT_THAT(notes(), IsEmpty());
  ::chmod(file_.c_str(), 0604);
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("can read TLS_KEY " + file_),
                                   HasSubstr("can read --env-file " + file_)));
  ::chmod(folder_.c_str(), 0750);
  EXPECT_THAT(notes(), IsEmpty()) << "the folder is closed";
  ::chmod(folder_.c_str(), 0755);
  ::chmod(file_.c_str(), 0640);
  EXPECT_THAT(notes(), IsEmpty()) << "not its group";
  config_.run_as->gid = ::getgid();
  EXPECT_THAT(notes(), testing::SizeIs(2)) << "its group";
}

}  // namespace
}  // namespace howdah::app

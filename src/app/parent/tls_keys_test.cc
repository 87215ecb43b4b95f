#include "app/parent/tls_keys.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/parent/tls_packet.h"
#include "net/tls_fixture.h"

namespace howdah::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

class TlsKeysTest : public testing::Test {
 protected:
  TlsKeysTest() {
    char name[] = "/tmp/howdah-keys-XXXXXX";
    folder_ = ::mkdtemp(name);
    config_.tls_cert = path("cert.pem");
    config_.tls_key = path("key.pem");
    put(net::make_pair());
  }
  ~TlsKeysTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  // As tools do that renew: beside the old file, then in its place.
  void replace(const std::string& name, const std::string& text) {
    std::ofstream(path("fresh")) << text;
    fs::rename(path("fresh"), path(name));
  }
  void put(const net::TlsPair& pair) {
    replace("cert.pem", pair.chain);
    replace("key.pem", pair.key);
  }

  std::string folder_;
  Config config_;
};

TEST_F(TlsKeysTest, PacksWhatTheFilesHold) {
  TlsKeys keys(config_);
  auto warnings = keys.load();
  ASSERT_TRUE(warnings);
  EXPECT_THAT(*warnings, IsEmpty());
  auto pairs = unpack_tls(keys.packet());
  ASSERT_TRUE(pairs);
  ASSERT_EQ(pairs->size(), 1u);
  EXPECT_TRUE(net::parse_tls_pair(pairs->front()));
}

TEST_F(TlsKeysTest, NobodyCanChangeThePacket) {
  TlsKeys keys(config_);
  ASSERT_TRUE(keys.load());
  EXPECT_EQ(::pwrite(keys.packet(), "x", 1, 0), -1);
  EXPECT_EQ(::ftruncate(keys.packet(), 0), -1);
  EXPECT_NE(::fcntl(keys.packet(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(TlsKeysTest, WithoutFilesThereIsNothingToDo) {
  Config plain;
  TlsKeys keys(plain);
  EXPECT_FALSE(keys.in_use());
  EXPECT_TRUE(keys.load());
  EXPECT_EQ(keys.packet(), -1);
  EXPECT_FALSE(keys.look());
}

TEST_F(TlsKeysTest, SeesANewPairOnceItIsAtRest) {
  TlsKeys keys(config_);
  ASSERT_TRUE(keys.load());
  EXPECT_FALSE(keys.look());
  net::TlsPair fresh = net::make_pair();
  replace("cert.pem", fresh.chain);
  EXPECT_FALSE(keys.look());  // just changed
  replace("key.pem", fresh.key);
  EXPECT_FALSE(keys.look());  // again
  EXPECT_TRUE(keys.look());
  ASSERT_TRUE(keys.load());
  EXPECT_FALSE(keys.look());
  EXPECT_EQ(unpack_tls(keys.packet())->front().key, fresh.key);
}

TEST_F(TlsKeysTest, FollowsLinks) {
  fs::rename(path("key.pem"), path("old.pem"));
  fs::create_symlink(path("old.pem"), path("key.pem"));
  TlsKeys keys(config_);
  ASSERT_TRUE(keys.load());
  fs::copy(path("old.pem"), path("new.pem"));
  fs::create_symlink(path("new.pem"), path("link"));
  fs::rename(path("link"), path("key.pem"));
  EXPECT_FALSE(keys.look());
  EXPECT_TRUE(keys.look());
}

TEST_F(TlsKeysTest, KeepsTheOldPairWhenTheNewOneIsWrong) {
  TlsKeys keys(config_);
  ASSERT_TRUE(keys.load());
  std::string before = unpack_tls(keys.packet())->front().key;
  replace("key.pem", net::make_pair().key);
  keys.look();
  EXPECT_TRUE(keys.look());
  auto loaded = keys.load();
  ASSERT_FALSE(loaded);
  ASSERT_EQ(loaded.error().size(), 1u);
  EXPECT_EQ(loaded.error()[0].setting, "TLS_KEY");
  EXPECT_THAT(loaded.error()[0].what, HasSubstr(path("key.pem") + ": does not match"));
  EXPECT_EQ(unpack_tls(keys.packet())->front().key, before);
  EXPECT_FALSE(keys.look());  // said once
}

TEST_F(TlsKeysTest, AFileThatVanishesIsAChange) {
  TlsKeys keys(config_);
  ASSERT_TRUE(keys.load());
  fs::remove(path("cert.pem"));
  EXPECT_FALSE(keys.look());
  EXPECT_TRUE(keys.look());
  EXPECT_THAT(keys.load().error().at(0).what, HasSubstr("No such file"));
}

TEST_F(TlsKeysTest, ADamagedPacketIsRefused) {
  base::UniqueFd packet(::open(path("packet").c_str(), O_RDWR | O_CREAT, 0600));
  for (std::string_view text :
       {std::string_view("\x05\0\0\0\0\0\0\0chain", 13),
        std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff", 8), std::string_view("\x05\0\0", 3)}) {
    ASSERT_EQ(::ftruncate(packet.get(), 0), 0);
    ASSERT_EQ(::pwrite(packet.get(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    EXPECT_FALSE(unpack_tls(packet.get()));
  }
}

}  // namespace
}  // namespace howdah::app

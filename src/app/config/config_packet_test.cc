#include "app/config/config_packet.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>

#include "app/config/load.h"

namespace howdah::app {
namespace {

Config load(std::vector<std::string> environment) {
  std::string here = std::filesystem::temp_directory_path().string();
  environment.push_back("DOCUMENT_ROOT=" + here);
  environment.push_back("USE_STUB=1");
  return load_config({.environment = std::move(environment), .program_directory = here}).config;
}

TEST(ConfigPacket, BringsASettingOfEachKind) {
  Config sent = load({"MAX_BODY_SIZE=7k", "REQUEST_TIMEOUT=1500ms", "DRAIN_TIMEOUT_SECS=off",
                      "RESPONSE_HEADERS=A: b;C: d", "COMPRESSION=gzip", "PHP_DENY=/a/*,/b",
                      "FOLLOW_SYMLINKS=0", "TRUSTED_PROXIES=10.0.0.0/8,unix", "LOG_LEVEL=error"});
  sent.run_as = Identity{"someone", 5, 6};
  sent.notices = {"a notice"};
  sent.error_pages = {{404, "<p>"}, {500, std::string("a\0b", 3)}};
  sent.worker_scripts = {{.given = "w.php",
                          .path = "/w.php",
                          .num = 3,
                          .match = {"/a", "!/b"},
                          .environment = {"SECRET=x"},
                          .max_failures = std::nullopt,
                          .mode = WorkerMode::kSnapshot}};
  auto packet = pack_config(sent);
  ASSERT_TRUE(packet);
  auto got = unpack_config(packet->get());
  ASSERT_TRUE(got);
  EXPECT_EQ(got->max_body_size, 7U << 10);
  EXPECT_EQ(got->request_timeout, 1500 * base::kMillisecond);
  EXPECT_EQ(got->drain_timeout, std::nullopt);
  EXPECT_EQ(got->response_headers, sent.response_headers);
  EXPECT_EQ(got->compression, sent.compression);
  EXPECT_EQ(got->php_deny, sent.php_deny);
  EXPECT_FALSE(got->follow_symlinks);
  EXPECT_EQ(got->log_level, base::LogLevel::kError);
  EXPECT_EQ(got->run_as->gid, 6U);
  EXPECT_EQ(got->notices, sent.notices);
  EXPECT_EQ(got->error_pages, sent.error_pages);
  EXPECT_EQ(got->document_root, sent.document_root);
  EXPECT_EQ(got->settings.size(), sent.settings.size());
  ASSERT_EQ(got->worker_scripts.size(), 1U);
  const WorkerScript& script = got->worker_scripts[0];
  EXPECT_EQ(script.path, "/w.php");
  EXPECT_EQ(script.num, 3U);
  EXPECT_EQ(script.match, sent.worker_scripts[0].match);
  EXPECT_EQ(script.max_failures, std::nullopt);
  EXPECT_EQ(script.mode, WorkerMode::kSnapshot);
  EXPECT_TRUE(script.environment.empty()) << "no business of the front";
  EXPECT_TRUE(got->trusted_proxies.contains(net::parse_ip("10.1.2.3")));
  EXPECT_FALSE(got->trusted_proxies.contains(net::parse_ip("11.1.2.3")));
}

TEST(ConfigPacket, KeepsPhpsEnvironmentFromTheFront) {
  auto packet = pack_config(load({"DATABASE_PASSWORD=secret"}));
  EXPECT_TRUE(unpack_config(packet->get())->php_environment.empty());
}

TEST(ConfigPacket, IsRefusedWhenItIsCut) {
  auto packet = pack_config(load({}));
  base::UniqueFd cut(::memfd_create("cut", 0));
  std::string bytes(2000, '\0');
  ASSERT_EQ(::pread(packet->get(), bytes.data(), bytes.size(), 0), 2000);
  ASSERT_TRUE(base::write_all(cut.get(), bytes.data(), bytes.size()));
  EXPECT_EQ(unpack_config(cut.get()).error().kind, base::ErrorKind::kProtocol);
}

}  // namespace
}  // namespace howdah::app

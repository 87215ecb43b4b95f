#include "app/parent/link.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "app/parent/host_process.h"

namespace howdah::app {
namespace {

TEST(Link, CarriesMessagesAndDescriptors) {
  auto pair = base::make_seqpacket_pair();
  ASSERT_TRUE(pair);
  int fds[] = {STDIN_FILENO};
  ASSERT_TRUE(send_link(pair->first.get(),
                        {.type = LinkType::kHostStarted, .generation = 3, .pid = 7, .status = -1},
                        fds, "said"));
  auto received = receive_link(pair->second.get());
  ASSERT_TRUE(received);
  EXPECT_EQ(received->message.type, LinkType::kHostStarted);
  EXPECT_EQ(received->message.generation, 3U);
  EXPECT_EQ(received->message.pid, 7);
  EXPECT_EQ(received->message.status, -1);
  EXPECT_EQ(received->text, "said");
  EXPECT_EQ(received->fds.size(), 1U);
}

TEST(Link, TellsAnEndFromABrokenMessage) {
  auto pair = base::make_seqpacket_pair();
  ASSERT_TRUE(pair);
  ASSERT_TRUE(base::send_message(pair->first.get(), std::string_view("x")));
  EXPECT_EQ(receive_link(pair->second.get()).error().kind, base::ErrorKind::kProtocol);
  pair->first.reset();
  EXPECT_EQ(receive_link(pair->second.get()).error().kind, base::ErrorKind::kClosed);
}

TEST(HostProcess, PassesSettingsAsArguments) {
  Config config;
  config.php_program = "/bin/howdah-php";
  config.php_sapi_name = "fpm-fcgi";
  config.php_ini = "/etc/php.ini";
  config.php_ini_set = {"a=1", "b=2"};
  config.php_hosts = 3;
  config.use_ext = false;
  std::vector<std::string> expected = {"/bin/howdah-php",
                                       "--sapi-name",
                                       "fpm-fcgi",
                                       "--ini",
                                       "/etc/php.ini",
                                       "--ini-set",
                                       "a=1",
                                       "--ini-set",
                                       "b=2",
                                       "--no-ext",
                                       "--hosts",
                                       "3"};
  EXPECT_EQ(php_arguments(config), expected);
}

TEST(HostProcess, TellsTheWorkersOfAPoolWhatTheyRun) {
  Config config;
  config.document_root = "/site";
  config.worker_scripts = {{.given = "a.php", .path = "/site/a.php", .name = "/a.php"},
                           {.path = "/b.php",
                            .environment = {"K=1", "L=2"},
                            .mode = WorkerMode::kSnapshot,
                            .snapshot_ready = 3}};
  EXPECT_TRUE(worker_arguments(config, 0).empty());
  std::vector<std::string> first = {"--worker-script", "/site/a.php",     "--worker-name",
                                    "/a.php",          "--document-root", "/site"};
  EXPECT_EQ(worker_arguments(config, 1), first);
  std::vector<std::string> second = {"--worker-script",  "/b.php", "--worker-name", "",
                                     "--document-root",  "/site",  "--worker-env",  "K=1",
                                     "--worker-env",     "L=2",    "--worker-mode", "snapshot",
                                     "--snapshot-ready", "3"};
  EXPECT_EQ(worker_arguments(config, 2), second);
}

}  // namespace
}  // namespace howdah::app

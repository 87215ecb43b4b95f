#include "net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace howdah::net {
namespace {

TEST(ParseListenAddress, TakesTheFormsOfTheContract) {
  auto four = parse_listen_address("0.0.0.0:8080");
  ASSERT_TRUE(four);
  EXPECT_EQ(four->host, "0.0.0.0");
  EXPECT_EQ(four->port, 8080);
  auto six = parse_listen_address("[::1]:80");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "::1");
  auto both = parse_listen_address(":443");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->host, "");
  auto name = parse_listen_address("localhost:0");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->host, "localhost");
  auto path = parse_listen_address("unix:/run/x.sock?mode=0600");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->path, "/run/x.sock");
  EXPECT_EQ(path->mode, 0600u);
  EXPECT_EQ(parse_listen_address("unix:/run/x.sock")->mode, 0660u);
}

TEST(ParseListenAddress, RefusesEverythingElse) {
  for (const char* text : {"", "8080", "host", "host:", "host:x", "host:65536", "::1:80", "[::1]80",
                           "[::1:80", "[x]:80", "a b:80", "unix:", "unix:x.sock", "unix:/x?mode=9",
                           "unix:/x?mode=1777", "unix:/x?owner=1", "http://x:80", "host:-1"}) {
    EXPECT_FALSE(parse_listen_address(text)) << text;
  }
}

TEST(BindListeners, BindsAFreePortAndSaysWhich) {
  auto bound = bind_listeners(*parse_listen_address("127.0.0.1:0"));
  ASSERT_TRUE(bound);
  ASSERT_EQ(bound->size(), 1u);
  EXPECT_TRUE(bound->front().name.starts_with("127.0.0.1:"));
  EXPECT_FALSE(bound->front().name.ends_with(":0"));
}

TEST(BindListeners, RefusesAPortInUse) {
  auto bound = bind_listeners(*parse_listen_address("127.0.0.1:0"));
  ASSERT_TRUE(bound);
  auto again = bind_listeners(*parse_listen_address(bound->front().name));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().sys_errno, EADDRINUSE);
}

TEST(BindListeners, ReplacesADeadSocketFileAndSparesALiveOne) {
  char folder[] = "/tmp/howdah-listener-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  auto address = parse_listen_address(std::string("unix:") + folder + "/s?mode=0600");
  ASSERT_TRUE(address);
  {
    auto bound = bind_listeners(*address);
    ASSERT_TRUE(bound);
    EXPECT_EQ(bound->front().name, std::string("unix:") + folder + "/s");
    struct stat info;
    ASSERT_EQ(::stat(address->path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    auto again = bind_listeners(*address);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().sys_errno, EADDRINUSE);
  }
  EXPECT_TRUE(bind_listeners(*address));
  std::filesystem::remove_all(folder);
}

TEST(RemoveSocketFile, SparesTheFileOfAnotherProcess) {
  char folder[] = "/tmp/howdah-listener-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  auto address = parse_listen_address(std::string("unix:") + folder + "/s");
  auto old = bind_listeners(*address);
  ASSERT_TRUE(old);
  old->front().fd.reset();
  auto fresh = bind_listeners(*address);
  ASSERT_TRUE(fresh);
  remove_socket_file(old->front());
  EXPECT_TRUE(std::filesystem::exists(address->path));
  remove_socket_file(fresh->front());
  EXPECT_FALSE(std::filesystem::exists(address->path));
  std::filesystem::remove_all(folder);
}

TEST(LimitSilence, HoldsForAcceptedConnections) {
  auto bound = bind_listeners(*parse_listen_address("127.0.0.1:0"));
  ASSERT_TRUE(bound);
  int listener = bound->front().fd.get();
  limit_silence(listener, 1500 * base::kMillisecond);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  base::UniqueFd client(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  base::UniqueFd accepted(::accept(listener, nullptr, nullptr));
  ASSERT_TRUE(accepted);
  unsigned limit = 0;
  size = sizeof limit;
  ASSERT_EQ(::getsockopt(accepted.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, &size), 0);
  EXPECT_EQ(limit, 1500u);
}

TEST(InheritListener, TakesListeningStreamSocketsOnly) {
  auto bound = bind_listeners(*parse_listen_address("127.0.0.1:0"));
  ASSERT_TRUE(bound);
  std::string name = bound->front().name;
  int copy = ::dup(bound->front().fd.get());
  auto inherited = inherit_listener(base::UniqueFd(copy));
  ASSERT_TRUE(inherited);
  EXPECT_EQ(inherited->name, name);
  EXPECT_NE(::fcntl(copy, F_GETFD) & FD_CLOEXEC, 0);
  remove_socket_file(*inherited);

  EXPECT_FALSE(inherit_listener(base::UniqueFd(::socket(AF_INET, SOCK_STREAM, 0)))) << "not bound";
  EXPECT_FALSE(inherit_listener(base::UniqueFd(::socket(AF_INET, SOCK_DGRAM, 0))));
  EXPECT_FALSE(inherit_listener(base::UniqueFd(::open("/dev/null", O_RDONLY)))) << "no socket";
  EXPECT_FALSE(inherit_listener(base::UniqueFd())) << "nothing";
}

}  // namespace
}  // namespace howdah::net

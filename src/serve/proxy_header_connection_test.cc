#include "serve/proxy_header_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/serve_fixture.h"

namespace howdah::serve {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

const std::string kRequest =
    "GET /app.php HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 198.51.100.4\r\n\r\n";
const std::string kLine = "PROXY TCP4 203.0.113.9 192.0.2.80 4711 8443\r\n";

// The fixture's clients come by a unix socket.
class ProxyHeaderConnectionTest : public ServeTest {
 protected:
  ProxyHeaderConnectionTest() { EXPECT_TRUE(options_.trusted_proxies.add("unix")); }
  std::string ends() {
    return queue_.var("REMOTE_ADDR") + " " + queue_.var("REMOTE_PORT") + " to " +
           queue_.var("SERVER_ADDR");
  }
};

TEST_F(ProxyHeaderConnectionTest, ReplacesTheAddresses) {
  connect();
  send(kLine + kRequest);
  EXPECT_EQ(ends(), "203.0.113.9 4711 to 192.0.2.80");
  EXPECT_EQ(observer_.open, 1);
}

TEST_F(ProxyHeaderConnectionTest, TakesTheHeaderInPieces) {
  connect();
  for (char c : kLine) send({&c, 1});
  send(kRequest);
  EXPECT_EQ(ends(), "203.0.113.9 4711 to 192.0.2.80");
}

TEST_F(ProxyHeaderConnectionTest, BelievesNoForwardedForOfThatClient) {
  connect();
  send("PROXY UNKNOWN\r\n" + kRequest);
  EXPECT_EQ(queue_.var("REMOTE_ADDR"), "198.51.100.4") << "the proxy's own word";
  queue_.jobs.clear();
  connect();
  send(kLine + kRequest);
  EXPECT_EQ(queue_.var("REMOTE_ADDR"), "203.0.113.9") << "the client's word";
}

TEST_F(ProxyHeaderConnectionTest, MayBeAbsent) {
  for (std::string_view request :
       {"GET /app.php HTTP/1.0\r\n\r\n", "POST /app.php HTTP/1.0\r\n\r\n",
        "\r\nGET /app.php HTTP/1.0\r\n\r\n"}) {
    connect();
    send(request);
    EXPECT_EQ(queue_.var("REMOTE_ADDR"), "unix:");
    EXPECT_EQ(queue_.var("SERVER_NAME"), "localhost");
    queue_.jobs.clear();
  }
}

TEST_F(ProxyHeaderConnectionTest, ComesOnce) {
  connect();
  EXPECT_THAT(ask(kLine + kLine), HasSubstr("400 Bad Request"));
}

TEST_F(ProxyHeaderConnectionTest, ClosesWhenItIsMalformed) {
  connect();
  EXPECT_EQ(ask("PROXY TCP4 nonsense\r\n" + kRequest), "");
  EXPECT_TRUE(closed_);
  EXPECT_TRUE(queue_.jobs.empty());
  EXPECT_EQ(observer_.open, 0);
  EXPECT_EQ(front_->connections(), 0u);
}

TEST_F(ProxyHeaderConnectionTest, CountsTheClientItNames) {
  options_.max_connections_per_ip = 1;
  connect();
  send(kLine);
  base::UniqueFd first = std::move(client_);
  connect();
  EXPECT_THAT(ask(kLine + kRequest), HasSubstr("429 Too Many Requests"));
  EXPECT_EQ(front_->connections(), 1u);
  EXPECT_EQ(observer_.open, 1);
  connect();
  send(kRequest);
  EXPECT_EQ(front_->connections(), 2u) << "the proxy's own are not counted";
  client_.reset();
  first.reset();
  turn();
  EXPECT_EQ(shared_->clients.clients(), 0u);
}

TEST_F(ProxyHeaderConnectionTest, IsNoneFromAnybodyElse) {
  options_.trusted_proxies = {};
  connect();
  EXPECT_THAT(ask(kLine + kRequest), HasSubstr("400 Bad Request"));
  connect();
  EXPECT_THAT(ask("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s + kRequest), HasSubstr("400 Bad Request"));
}

TEST_F(ProxyHeaderConnectionTest, IsWaitedForLikeAHead) {
  connect();
  send("PROX");
  pass(options_.header_timeout + base::kSecond);
  EXPECT_EQ(front_->connections(), 0u);
  connect();
  pass(options_.header_timeout + base::kSecond);
  EXPECT_EQ(front_->connections(), 1u) << "silence is an idle connection";
  pass(options_.idle_timeout);
  EXPECT_EQ(front_->connections(), 0u);
}

TEST_F(ProxyHeaderConnectionTest, EndsWithItsClient) {
  connect();
  send("PROXY TCP4");
  client_.reset();
  turn();
  EXPECT_EQ(front_->connections(), 0u);
  EXPECT_EQ(observer_.open, 0);
}

TEST_F(ProxyHeaderConnectionTest, AnswersWhatHasArrivedBeforeADrain) {
  connect();
  base::UniqueFd silent = std::move(client_);
  connect();
  ASSERT_GT(::send(client_.get(), (kLine + kRequest).data(), (kLine + kRequest).size(), 0), 0);
  bool done = false;
  front_->drain([&] { done = true; });
  turn();
  EXPECT_EQ(front_->connections(), 1u);
  EXPECT_EQ(queue_.var("REMOTE_ADDR"), "203.0.113.9");
  FakeQueue::Head head;
  queue_.say(&head, "bye", FakeQueue::kEnd);
  EXPECT_THAT(receive(), HasSubstr("bye"));
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace howdah::serve

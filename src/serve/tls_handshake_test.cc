#include "serve/tls_handshake.h"

#include <gmock/gmock.h>

#include "net/tls_fixture.h"
#include "serve/serve_fixture.h"

namespace howdah::serve {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class TlsHandshakeTest : public ServeTest {
 protected:
  void connect_tls() {
    if (!front_) {
      auto shared = SharedServices::create(options_, log_, observer_, nullptr);
      ASSERT_TRUE(shared);
      shared_ = std::move(*shared);
      front_ = std::make_unique<FrontLoop>(loop_, *shared_, JobQueues{&queue_});
      front_->use_tls(net::make_context(tickets_, {{}}, tls_protocols()));
    }
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    client_.reset(ends[0]);
    front_->adopt(base::UniqueFd(ends[1]), Protocol::kTlsHandshake);
    turn();
    peer_.begin(client_.get());
  }
  void establish() {
    connect_tls();
    bool done = false;
    for (int i = 0; i < 10 && !done; ++i) {
      done = peer_.step();
      turn();
    }
    ASSERT_TRUE(done);
  }
  std::string ask_tls(std::string_view request) {
    EXPECT_TRUE(peer_.send(request));
    turn();
    return peer_.receive();
  }

  net::TlsTickets tickets_{test_clock};
  net::TlsClient peer_;
};

constexpr std::string_view kGet = "GET /page.html HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(TlsHandshakeTest, LeadsToRequests) {
  establish();
  EXPECT_THAT(ask_tls(kGet), HasSubstr("<p>page</p>"));
  EXPECT_THAT(ask_tls(kGet), HasSubstr("<p>page</p>"));
  EXPECT_EQ(front_->connections(), 1u);
  EXPECT_EQ(observer_.open, 1);
}

TEST_F(TlsHandshakeTest, TellsPhp) {
  establish();
  ASSERT_TRUE(peer_.send("GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n"));
  turn();
  EXPECT_EQ(queue_.var("HTTPS"), "on");
  EXPECT_EQ(queue_.var("REQUEST_SCHEME"), "https");
  EXPECT_EQ(queue_.var("SERVER_PORT"), "443");
  EXPECT_EQ(queue_.var("SSL_PROTOCOL"), "TLSv1.3");
}

// A request in the same packet as the end of the handshake lies in OpenSSL when HTTP begins.
TEST_F(TlsHandshakeTest, ARequestMayComeWithItsEnd) {
  connect_tls();
  peer_.step();
  turn();
  ASSERT_TRUE(peer_.step());
  ASSERT_TRUE(peer_.send(kGet));
  turn();
  EXPECT_THAT(peer_.receive(), HasSubstr("<p>page</p>"));
}

TEST_F(TlsHandshakeTest, PipelinedRequestsInOneRecordAreAllAnswered) {
  establish();
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += kGet;
  std::string answers = ask_tls(requests);
  size_t count = 0;
  for (size_t at = 0; (at = answers.find("<p>page</p>", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 100u);
}

TEST_F(TlsHandshakeTest, PlainHttpIsAnsweredAndEnded) {
  connect_tls();
  std::string answer = ask(kGet);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("speaks HTTPS"));
  EXPECT_TRUE(closed_);
  ASSERT_EQ(observer_.exchanges.size(), 1u);
  EXPECT_EQ(observer_.exchanges[0].status, 400);
}

TEST_F(TlsHandshakeTest, GarbageEndsTheConnection) {
  connect_tls();
  send("\x16garbage garbage garbage");
  receive();
  EXPECT_TRUE(closed_);
  EXPECT_EQ(observer_.open, 0);
}

TEST_F(TlsHandshakeTest, ASilentClientIsGivenUp) {
  options_.header_timeout = 5 * base::kSecond;
  connect_tls();
  pass(4 * base::kSecond);
  EXPECT_EQ(front_->connections(), 1u);
  pass(2 * base::kSecond);
  EXPECT_EQ(front_->connections(), 0u);
}

TEST_F(TlsHandshakeTest, AHandshakeThatStallsIsGivenUp) {
  options_.header_timeout = 0;
  connect_tls();
  peer_.step();
  pass(kHandshakeTime - base::kSecond);
  EXPECT_EQ(front_->connections(), 1u);
  pass(2 * base::kSecond);
  EXPECT_EQ(front_->connections(), 0u);
}

TEST_F(TlsHandshakeTest, AfterItTheHandshakesLimitIsOver) {
  options_.header_timeout = base::kSecond;
  establish();
  pass(10 * base::kSecond);
  EXPECT_THAT(ask_tls(kGet), HasSubstr("<p>page</p>"));
}

TEST_F(TlsHandshakeTest, AClientThatLeavesIsForgotten) {
  connect_tls();
  peer_.step();
  turn();
  client_.reset();
  turn();
  EXPECT_EQ(front_->connections(), 0u);
  EXPECT_EQ(observer_.open, 0);
}

TEST_F(TlsHandshakeTest, TheEndOfAConnectionIsAnnounced) {
  establish();
  std::string answer = ask_tls("GET /page.html HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("<p>page</p>"));
  EXPECT_TRUE(peer_.told_end());
}

TEST_F(TlsHandshakeTest, ARefusalIsAnnouncedWhileTheClientStillSends) {
  options_.max_body_size = 1000;
  establish();
  std::string answer =
      ask_tls("POST /app.php HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nbody");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(peer_.told_end());
  EXPECT_TRUE(peer_.send("more body"));
}

TEST_F(TlsHandshakeTest, ACutAnswerIsNotAnnouncedAsComplete) {
  establish();
  ASSERT_TRUE(peer_.send("GET /app.php HTTP/1.0\r\n\r\n"));
  turn();
  FakeQueue::Head head;
  queue_.say(&head, "part", FakeQueue::kFlush);
  queue_.lose(pool::Loss::kWorkerDied);
  turn();
  EXPECT_THAT(peer_.receive(), HasSubstr("part"));
  EXPECT_FALSE(peer_.told_end());
}

TEST_F(TlsHandshakeTest, ADrainEndsWhoHasSaidNothing) {
  connect_tls();
  bool drained = false;
  front_->drain([&] { drained = true; });
  turn();
  EXPECT_TRUE(drained);
}

TEST_F(TlsHandshakeTest, ADrainAnswersWhoIsInTheMiddle) {
  connect_tls();
  peer_.step();
  turn();
  bool drained = false;
  front_->drain([&] { drained = true; });
  turn();
  EXPECT_FALSE(drained);
  ASSERT_TRUE(peer_.step());
  ASSERT_TRUE(peer_.send(kGet));
  turn();
  EXPECT_THAT(peer_.receive(), HasSubstr("Connection: close"));
  EXPECT_TRUE(peer_.told_end());
  client_.reset();
  turn();
  EXPECT_TRUE(drained);
}

TEST_F(TlsHandshakeTest, WithoutCertificatesItEnds) {
  connect_tls();
  front_->use_tls(nullptr);
  peer_.step();
  turn();
  EXPECT_EQ(front_->connections(), 0u);
}

// --- from plain HTTP to there

class ToHttpsTest : public ServeTest {
 protected:
  std::string location(uint16_t port, std::string_view request) {
    options_.redirect_port = port;
    connect();
    std::string answer = ask(request);
    size_t begin = answer.find("Location: ");
    if (begin == std::string::npos) return answer.substr(0, answer.find("\r\n"));
    begin += 10;
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
  }
};

TEST_F(ToHttpsTest, TheUsualPortIsNotNamed) {
  EXPECT_EQ(location(443, "GET /a?b=c HTTP/1.1\r\nHost: h.test:80\r\n\r\n"),
            "https://h.test/a?b=c");
}

TEST_F(ToHttpsTest, AnotherPortIsNamed) {
  EXPECT_EQ(location(8443, "POST //x/%2e HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 1\r\n\r\nx"),
            "https://[::1]:8443//x/%2e");
}

TEST_F(ToHttpsTest, AnAbsoluteTargetNamesTheHost) {
  EXPECT_EQ(location(443, "GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
            "https://a.test/x");
}

TEST_F(ToHttpsTest, WithoutAHostThereIsNoWay) {
  EXPECT_EQ(location(443, "GET / HTTP/1.0\r\n\r\n"), "HTTP/1.1 400 Bad Request");
}

TEST_F(ToHttpsTest, WithoutAPathThereIsNoWay) {
  EXPECT_EQ(location(443, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 400 Bad Request");
}

}  // namespace
}  // namespace howdah::serve

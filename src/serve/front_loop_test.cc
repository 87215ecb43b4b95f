#include "serve/front_loop.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include "net/listener.h"
#include "serve/serve_fixture.h"

namespace howdah::serve {
namespace {

class FrontLoopTest : public ServeTest {
 protected:
  void start() {
    auto shared = SharedServices::create(options_, log_, observer_, &admission_);
    ASSERT_TRUE(shared);
    shared_ = std::move(*shared);
    front_ = std::make_unique<FrontLoop>(loop_, *shared_, JobQueues{&queue_});
    auto bound = net::bind_listeners(*net::parse_listen_address("127.0.0.1:0"));
    ASSERT_TRUE(bound);
    socklen_t size = sizeof address_;
    ASSERT_EQ(::getsockname(bound->front().fd.get(), reinterpret_cast<sockaddr*>(&address_), &size),
              0);
    listener_ = bound->front().fd.get();
    ASSERT_TRUE(front_->listen(std::move(bound->front().fd)));
  }
  base::UniqueFd dial() {
    base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
    EXPECT_TRUE(base::set_nonblocking(fd.get()));
    // Or what is sent waits for the acknowledgement of what was sent before.
    int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    turn();
    return fd;
  }
  // What connections inherit, in milliseconds.
  unsigned silence_limit() const {
    unsigned milliseconds = 0;
    socklen_t size = sizeof milliseconds;
    ::getsockopt(listener_, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, &size);
    return milliseconds;
  }
  // Whom the rate limiter is asked about.
  struct RecordingAdmission final : Admission {
    std::string client;
    AdmissionDecision decide(const std::optional<net::IpAddress>& asking) override {
      client = asking ? net::IpText(*asking).view() : "unix";
      return answer;
    }
    AdmissionTicketPtr ask(const std::optional<net::IpAddress>&, const AdmissionDecision&,
                           net::EventLoop&, AdmissionWaiter& waiter) override {
      if (!asks) return nullptr;
      return ticket = std::make_shared<AdmissionTicket>(&waiter);
    }
    AdmissionDecision answer;
    bool asks = false;
    AdmissionTicketPtr ticket;
  };
  RecordingAdmission admission_;
  sockaddr_in address_{};
  int listener_ = -1;  // the front loop's
};

TEST_F(FrontLoopTest, AcceptsAndKnowsBothEnds) {
  start();
  client_ = dial();
  EXPECT_EQ(front_->connections(), 1u);
  send("GET /app.php HTTP/1.0\r\n\r\n");
  EXPECT_EQ(queue_.var("REMOTE_ADDR"), "127.0.0.1");
  EXPECT_EQ(queue_.var("SERVER_ADDR"), "127.0.0.1");
  EXPECT_EQ(queue_.var("SERVER_NAME"), "127.0.0.1");
  EXPECT_EQ(queue_.var("SERVER_PORT"), std::to_string(ntohs(address_.sin_port)));
}

TEST_F(FrontLoopTest, GivesAWriteTimeoutThatChangesToItsListeners) {
  options_.write_timeout = 60 * base::kSecond;
  start();
  options_.write_timeout = 5 * base::kSecond;
  auto site = Site::create(options_);
  ASSERT_TRUE(site);
  front_->use_site(std::move(*site));
  EXPECT_EQ(silence_limit(), 5000u);
}

TEST_F(FrontLoopTest, TakesATrustedProxysWordForWhoAsks) {
  std::string request = "GET /app.php HTTP/1.0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
  start();
  client_ = dial();
  send(request);
  EXPECT_EQ(admission_.client, "127.0.0.1");
  front_.reset();
  ASSERT_TRUE(options_.trusted_proxies.add("127.0.0.1"));
  start();
  client_ = dial();
  send(request);
  EXPECT_EQ(admission_.client, "203.0.113.9");
}

constexpr AdmissionDecision kOneLeft{
    .limited = true, .limit = 5, .remaining = 1, .reset_seconds = 30};

TEST_F(FrontLoopTest, WaitsForWhatOtherServersHaveCounted) {
  admission_.answer = kOneLeft;
  admission_.asks = true;
  start();
  client_ = dial();
  EXPECT_EQ(get("/page.html"), "");
  admission_.ticket->waiter->on_admission(
      AdmissionDecision{.limited = true, .limit = 5, .remaining = 0, .reset_seconds = 20});
  std::string answer = receive();
  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, testing::HasSubstr("X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 20\r\n"));
  EXPECT_EQ(admission_.ticket->waiter, nullptr);
}

TEST_F(FrontLoopTest, RefusesForWhatOtherServersHaveCounted) {
  admission_.answer = kOneLeft;
  admission_.asks = true;
  start();
  client_ = dial();
  AdmissionDecision none{.admitted = false, .limited = true, .limit = 5, .reset_seconds = 20};
  EXPECT_EQ(get("/app.php"), "");
  admission_.ticket->waiter->on_admission(none);
  EXPECT_THAT(receive(), testing::AllOf(testing::StartsWith("HTTP/1.1 429 "),
                                        testing::HasSubstr("Retry-After: 20\r\n")));
  EXPECT_TRUE(queue_.jobs.empty());
  // In the middle of a body: nothing more of it is wanted.
  send("POST /app.php HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nbegin");
  admission_.ticket->waiter->on_admission(none);
  EXPECT_EQ(receive(), "");
  send("more");
  EXPECT_THAT(receive(), testing::AllOf(testing::StartsWith("HTTP/1.1 429 "),
                                        testing::HasSubstr("Connection: close\r\n")));
}

TEST_F(FrontLoopTest, DoesNotWaitLongForOtherServers) {
  admission_.answer = kOneLeft;
  admission_.asks = true;
  start();
  client_ = dial();
  EXPECT_EQ(get("/page.html"), "");
  pass(kAdmissionTime + 20 * base::kMillisecond);
  EXPECT_THAT(receive(), testing::AllOf(testing::StartsWith("HTTP/1.1 200 "),
                                        testing::HasSubstr("X-RateLimit-Remaining: 1\r\n")));
  EXPECT_EQ(admission_.ticket->waiter, nullptr);
}

TEST_F(FrontLoopTest, AnAnswerForAClientThatHasLeftIsOfNoUse) {
  admission_.answer = kOneLeft;
  admission_.asks = true;
  start();
  client_ = dial();
  EXPECT_EQ(get("/page.html"), "");
  client_.reset();
  turn();
  EXPECT_EQ(admission_.ticket->waiter, nullptr);
}

TEST_F(FrontLoopTest, LetsClientsBeyondTheLimitWait) {
  options_.max_connections = 2;
  start();
  base::UniqueFd one = dial(), two = dial(), three = dial();
  EXPECT_EQ(front_->connections(), 2u);
  one.reset();
  pass(kAcceptPause + base::kSecond);
  EXPECT_EQ(front_->connections(), 2u);
  EXPECT_EQ(observer_.open, 2);
  EXPECT_THAT(observer_.limits, testing::Contains(ConnectionLimit::kAll));
  client_ = std::move(three);
  EXPECT_THAT(get("/page.html"), testing::HasSubstr("<p>page</p>"));
}

TEST_F(FrontLoopTest, TurnsAClientWithTooManyConnectionsAway) {
  options_.max_connections_per_ip = 2;
  start();
  base::UniqueFd one = dial(), two = dial();
  client_ = dial();
  EXPECT_EQ(front_->connections(), 2u);
  std::string answer = receive();
  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
  for (const char* field : {"X-Request-ID: ", "traceparent: 00-", "Date: ", "Server: howdah\r\n"}) {
    EXPECT_THAT(answer, testing::HasSubstr(field));
  }
  EXPECT_EQ(body_of(answer), "429 Too Many Requests");
  EXPECT_TRUE(closed_);
  EXPECT_EQ(observer_.open, 2);
  EXPECT_THAT(observer_.limits, testing::ElementsAre(ConnectionLimit::kPerIp));
  one.reset();
  turn();
  client_ = dial();
  EXPECT_THAT(get("/page.html"), testing::HasSubstr("<p>page</p>"));
  two.reset();
  client_.reset();
  turn();
  EXPECT_EQ(shared_->clients.clients(), 0u);
}

TEST_F(FrontLoopTest, CountsNoConnectionsOfATrustedProxy) {
  options_.max_connections_per_ip = 1;
  ASSERT_TRUE(options_.trusted_proxies.add("127.0.0.0/8"));
  start();
  base::UniqueFd one = dial(), two = dial();
  EXPECT_EQ(front_->connections(), 2u);
  EXPECT_EQ(shared_->clients.clients(), 0u);
}

TEST_F(FrontLoopTest, RecoversWhenDescriptorsHadRunOut) {
  start();
  // Now, since UBSan wants descriptors when it meets a class for the first time.
  turn();
  base::UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
  rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  for (int i = 0; i < 10; ++i) pass(kAcceptPause);
  EXPECT_EQ(front_->connections(), 0u);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(sink_.lines, 1) << "once, not each time";
  EXPECT_THAT(observer_.limits, testing::Contains(ConnectionLimit::kDescriptors));
  pass(kAcceptPause + base::kSecond);
  EXPECT_EQ(front_->connections(), 1u);
}

TEST_F(FrontLoopTest, AcceptsNoMoreWhileDraining) {
  start();
  client_ = dial();
  bool done = false;
  front_->drain([&] { done = true; });
  turn();
  EXPECT_TRUE(done);
  EXPECT_EQ(front_->connections(), 0u);
}

TEST_F(FrontLoopTest, NamesTheRequestsThatNoPoolHas) {
  start();
  client_ = dial();
  EXPECT_TRUE(front_->open_requests().empty());
  send("POST /app.php?secret HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
  ASSERT_EQ(front_->open_requests().size(), 1u);
  pool::OpenRequest open = front_->open_requests()[0];
  EXPECT_EQ(open.request, "POST /app.php");
  EXPECT_EQ(open.phase, pool::OpenRequest::Phase::kReceiving);
  EXPECT_EQ(open.worker, -1);
  EXPECT_NE(open.request_id, "");
  send("de");
  ASSERT_EQ(queue_.jobs.size(), 1u);
  EXPECT_TRUE(front_->open_requests().empty()) << "the pool has it now";
}

TEST_F(FrontLoopTest, CutsWhatIsUnderWay) {
  start();
  client_ = dial();
  send("GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  front_->cut();
  EXPECT_EQ(front_->connections(), 0u);
  EXPECT_EQ(queue_.abandoned, 1);
}

}  // namespace
}  // namespace howdah::serve

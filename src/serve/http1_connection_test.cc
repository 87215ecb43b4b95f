#include "serve/http1_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/serve_fixture.h"

namespace howdah::serve {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Http1ConnectionTest : public ServeTest {
 protected:
  const FakeQueue::Head ok_{200, {{"Content-Type", "text/plain"}}};
};

TEST_F(Http1ConnectionTest, AnswersAndKeepsTheConnection) {
  connect();
  for (int i = 0; i < 3; ++i) {
    send("GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_EQ(queue_.jobs.size(), 1u);
    queue_.say(&ok_, "hello", FakeQueue::kEnd);
    std::string answer = receive();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain\r\n"));
    EXPECT_THAT(answer, HasSubstr("Server: howdah\r\n"));
    EXPECT_THAT(answer, HasSubstr("X-Request-ID: "));
    EXPECT_THAT(answer, HasSubstr("traceparent: 00-"));
    EXPECT_THAT(answer, HasSubstr("Date: "));
    EXPECT_THAT(answer, Not(HasSubstr("Connection:")));
    EXPECT_EQ(body_of(answer), "hello");
  }
  EXPECT_FALSE(closed_);
  EXPECT_EQ(observer_.exchanges.size(), 3u);
}

TEST_F(Http1ConnectionTest, AnswersPipelinedRequestsInOrder) {
  connect();
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += "GET /page.html HTTP/1.1\r\nHost: h\r\n\r\n";
  send(requests + "GET /app.php HTTP/1.1\r\nHost: h\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  std::string before = receive();
  EXPECT_EQ(observer_.exchanges.size(), 100u);
  EXPECT_THAT(before, EndsWith("<p>page</p>"));
  queue_.say(&ok_, "php", FakeQueue::kEnd);
  EXPECT_THAT(receive(), HasSubstr("\r\n\r\nphpHTTP/1.1 404 Not Found\r\n"));
}

TEST_F(Http1ConnectionTest, ReadsAHeadThatArrivesByteByByte) {
  connect();
  for (char byte : std::string("GET /page.html HTTP/1.1\r\nHost: h\r\n\r\n")) send({&byte, 1});
  EXPECT_EQ(body_of(receive()), "<p>page</p>");
}

TEST_F(Http1ConnectionTest, ClosesAfterAnHttp10AnswerUnlessAskedNotTo) {
  connect();
  EXPECT_THAT(ask("GET /page.html HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_FALSE(closed_);
  EXPECT_THAT(ask("GET /page.html HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(closed_);
}

TEST_F(Http1ConnectionTest, RefusesAMalformedHeadAndLetsTheClientReadIt) {
  connect();
  std::string answer = ask("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Request-ID: "));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(body_of(answer), "Bad Request");
  EXPECT_TRUE(closed_);
  EXPECT_EQ(observer_.open, 1) << "lingers for what the client still sends";
  pass(kLingerTime + base::kSecond);
  EXPECT_EQ(observer_.open, 0);
}

TEST_F(Http1ConnectionTest, TimesOutASlowHead) {
  connect();
  send("GET / HTT");
  pass(options_.header_timeout + base::kSecond);
  EXPECT_THAT(receive(), StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(closed_);
}

TEST_F(Http1ConnectionTest, ClosesASilentConnectionWithoutAWord) {
  connect();
  pass(options_.idle_timeout + base::kSecond);
  EXPECT_EQ(receive(), "");
  EXPECT_TRUE(closed_);
  EXPECT_TRUE(observer_.exchanges.empty());
}

TEST_F(Http1ConnectionTest, TimesOutABodyThatStops) {
  connect();
  send("POST /app.php HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  pass(options_.body_timeout - base::kSecond);
  EXPECT_EQ(receive(), "");
  pass(2 * base::kSecond);
  EXPECT_THAT(receive(), StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(queue_.jobs.empty());
}

TEST_F(Http1ConnectionTest, TimesOutABodyThatTrickles) {
  connect();
  send("POST /app.php HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  std::string answer;
  for (int i = 0; i < 40 && answer.empty(); ++i) {
    send("x");
    pass(base::kSecond);
    answer = receive();
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 "));
}

TEST_F(Http1ConnectionTest, EndsAConnectionWhoseClientTakesNothing) {
  put("big.bin", std::string(8 << 20, 'x'));
  connect();
  send("GET /big.bin HTTP/1.1\r\nHost: h\r\n\r\n");
  pass(options_.write_timeout - base::kSecond);
  EXPECT_EQ(observer_.open, 1);
  pass(2 * base::kSecond);
  EXPECT_EQ(observer_.open, 0);
}

TEST_F(Http1ConnectionTest, GathersBodiesOfBothFramings) {
  connect();
  send("POST /app.php HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(queue_.jobs.empty());
  send("cde");
  ASSERT_EQ(queue_.jobs.size(), 1u);
  EXPECT_EQ(queue_.jobs[0]->body, "abcde");
  EXPECT_EQ(queue_.var("CONTENT_LENGTH"), "5");
  queue_.say(&ok_, "", FakeQueue::kEnd);
  receive();
  send(
      "POST /app.php HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n");
  ASSERT_EQ(queue_.jobs.size(), 1u);
  EXPECT_EQ(queue_.jobs[0]->body, "xyz");
  EXPECT_EQ(queue_.var("CONTENT_LENGTH"), "3");
}

TEST_F(Http1ConnectionTest, PutsALargeBodyIntoAnUnlinkedFile) {
  connect();
  std::string body(channel::kInlineBodyBytes * 3, 'b');
  send("POST /app.php HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
       "\r\n\r\n");
  send(body);
  ASSERT_EQ(queue_.jobs.size(), 1u);
  ASSERT_GE(queue_.jobs[0]->body_fd, 0);
  EXPECT_EQ(queue_.jobs[0]->body_size, body.size());
  std::string read(body.size(), '\0');
  EXPECT_EQ(::read(queue_.jobs[0]->body_fd, read.data(), read.size()),
            static_cast<ssize_t>(body.size()));
  EXPECT_EQ(read, body);
  EXPECT_LT(::write(queue_.jobs[0]->body_fd, "x", 1), 0) << "read only";
  EXPECT_EQ(shared_->spool.used(), body.size());
  queue_.say(&ok_, "", FakeQueue::kEnd);
  turn();
  EXPECT_EQ(shared_->spool.used(), 0u);
}

TEST_F(Http1ConnectionTest, AsksForTheBodyOnlyWhenItIsWanted) {
  options_.max_body_size = 100;
  connect();
  std::string head =
      "POST /app.php HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: ";
  EXPECT_EQ(ask(head + "5\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  send("abcde");
  queue_.say(&ok_, "", FakeQueue::kEnd);
  EXPECT_THAT(receive(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask(head + "101\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(closed_);
}

TEST_F(Http1ConnectionTest, RefusesAChunkedBodyThatGrowsTooLarge) {
  options_.max_body_size = 100;
  connect();
  send("POST /app.php HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_THAT(ask("65\r\n" + std::string(0x65, 'x')), StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(queue_.jobs.empty());
}

TEST_F(Http1ConnectionTest, RunsNothingForABodyCutShort) {
  connect();
  send("POST /app.php HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  ::shutdown(client_.get(), SHUT_WR);
  EXPECT_THAT(receive(), StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(queue_.jobs.empty());
  EXPECT_EQ(observer_.open, 0);
}

TEST_F(Http1ConnectionTest, DropsASmallBodyNobodyWantsAndGoesOn) {
  connect();
  EXPECT_THAT(ask("POST /none HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"),
              StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(body_of(get("/page.html")), "<p>page</p>");
}

TEST_F(Http1ConnectionTest, AbandonsTheJobOfAClientWhoLeaves) {
  connect();
  send("GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  client_.reset();
  turn();
  EXPECT_EQ(queue_.abandoned, 1);
  ASSERT_EQ(observer_.exchanges.size(), 1u);
  EXPECT_EQ(observer_.exchanges[0].status, 499);
  EXPECT_EQ(observer_.open, 0);
}

TEST_F(Http1ConnectionTest, SaysCloseWhileDraining) {
  connect();
  send("GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  bool done = false;
  front_->drain([&] { done = true; });
  turn();
  EXPECT_FALSE(done);
  queue_.say(&ok_, "hello", FakeQueue::kEnd);
  EXPECT_THAT(receive(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(closed_);
  EXPECT_TRUE(done);
}

TEST_F(Http1ConnectionTest, EndsAnIdleConnectionAtOnceWhenDraining) {
  connect();
  get("/page.html");
  bool done = false;
  front_->drain([&] { done = true; });
  turn();
  EXPECT_TRUE(done);
  receive();
  EXPECT_TRUE(closed_);
}

TEST_F(Http1ConnectionTest, AnswersWithoutAPoolInStubMode) {
  stub_ = true;
  connect();
  std::string answer = get("/app.php");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 0\r\n"));
}

TEST_F(Http1ConnectionTest, SendsAnEarlyHintBeforeTheAnswer) {
  connect();
  send("GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  FakeQueue::Head hint{103, {{"Link", "</a.css>; rel=preload"}}};
  queue_.say(&hint, "", FakeQueue::kNone);
  EXPECT_EQ(receive(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
  queue_.say(&ok_, "x", FakeQueue::kEnd);
  EXPECT_THAT(receive(), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace howdah::serve

#include "serve/http2_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/http2_fixture.h"
#include "serve/limits.h"

namespace howdah::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using Http2ConnectionTest = Http2Test;

TEST_F(Http2ConnectionTest, AnswersAStreamAndKeepsTheConnection) {
  begin();
  for (int i = 0; i < 3; ++i) {
    int32_t stream = ask(get("/app.php?a=1"));
    ASSERT_EQ(queue_.jobs.size(), 1u);
    EXPECT_EQ(queue_.var("SERVER_PROTOCOL"), "HTTP/2.0");
    EXPECT_EQ(queue_.var("REQUEST_URI"), "/app.php?a=1");
    EXPECT_EQ(queue_.var("HTTP_HOST"), "h");
    EXPECT_EQ(queue_.var("CONTENT_LENGTH"), "(absent)");
    queue_.say(&ok_, "hello", FakeQueue::kEnd);
    pump();
    EXPECT_EQ(seen_[stream].status, 200);
    EXPECT_EQ(seen_[stream].body, "hello");
    EXPECT_TRUE(seen_[stream].closed);
    EXPECT_FALSE(seen_[stream].was_reset);
    EXPECT_EQ(field(stream, "content-length"), "5");
    EXPECT_EQ(field(stream, "content-type"), "text/plain");
    EXPECT_EQ(field(stream, "server"), "howdah");
    EXPECT_NE(field(stream, "x-request-id"), "(absent)");
  }
  ASSERT_EQ(observer_.exchanges.size(), 3u);
  EXPECT_EQ(observer_.exchanges[0].status, 200);
  EXPECT_EQ(observer_.exchanges[0].sent, 5u);
  EXPECT_EQ(observer_.open, 1);
}

TEST_F(Http2ConnectionTest, TakesAPrefaceInPieces) {
  connect();
  for (char byte : std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) send({&byte, 1});
  EXPECT_FALSE(has(receive(), "HTTP/1.1"));
  EXPECT_EQ(observer_.open, 1);
}

TEST_F(Http2ConnectionTest, TimesOutAPrefaceThatStops) {
  connect();
  send("PRI * HT");
  pass(options_.header_timeout + base::kSecond);
  EXPECT_TRUE(has(receive(), "HTTP/1.1 408 "));
}

TEST_F(Http2ConnectionTest, RefusesWhatOnlyBeginsLikeAPreface) {
  connect();
  EXPECT_TRUE(has(ServeTest::ask("PRI * HTTP/2.0\r\nHost: a\r\n\r\n"), "HTTP/1.1 505 "));
}

TEST_F(Http2ConnectionTest, AnswersStreamsSideBySideInAnyOrder) {
  begin();
  int32_t first = ask(get("/app.php?1"));
  int32_t second = ask(get("/app.php?2"));
  ASSERT_EQ(queue_.jobs.size(), 2u);
  std::swap(queue_.jobs[0], queue_.jobs[1]);
  queue_.say(&ok_, "two", FakeQueue::kEnd);
  pump();
  EXPECT_EQ(seen_[second].body, "two");
  EXPECT_EQ(seen_[first].status, 0);
  queue_.say(&ok_, "one", FakeQueue::kEnd);
  pump();
  EXPECT_EQ(seen_[first].body, "one");
}

TEST_F(Http2ConnectionTest, GathersABodyAndOpensTheWindowsAgain) {
  begin();
  std::string body(3 << 20, 'b');
  int32_t stream = begin_request(post("/app.php"));
  for (size_t at = 0; at < body.size(); at += 16384) {
    send_body(stream, std::string_view(body).substr(at, 16384), false);
  }
  EXPECT_TRUE(queue_.jobs.empty());
  send_body(stream, "", true);
  ASSERT_EQ(queue_.jobs.size(), 1u);
  EXPECT_EQ(queue_.jobs[0]->body_size, body.size());
  EXPECT_EQ(queue_.var("CONTENT_LENGTH"), std::to_string(body.size()));
  queue_.say(&ok_, "", FakeQueue::kEnd);
  pump();
  EXPECT_EQ(seen_[stream].status, 200);
  EXPECT_TRUE(goaways_.empty());
}

TEST_F(Http2ConnectionTest, RefusesABodyOverTheLimitAndLetsTheClientReadIt) {
  options_.max_body_size = 1000;
  begin();
  int32_t stream = begin_request(post("/app.php"));
  send_body(stream, std::string(1001, 'x'), false);
  EXPECT_EQ(seen_[stream].status, 413);
  EXPECT_TRUE(seen_[stream].ended);
  EXPECT_FALSE(seen_[stream].was_reset);
  pass(kLingerTime + base::kSecond);
  pump();
  EXPECT_TRUE(seen_[stream].was_reset);
  EXPECT_EQ(seen_[stream].reset, uint32_t{NGHTTP2_NO_ERROR});
  EXPECT_TRUE(queue_.jobs.empty());
  ASSERT_EQ(observer_.exchanges.size(), 1u) << "reported when answered, not when the stream ends";
}

TEST_F(Http2ConnectionTest, AnswersAnEarly413WithoutTheBody) {
  options_.max_body_size = 1000;
  begin();
  Fields head = post("/app.php");
  head.push_back({"content-length", "1001"});
  int32_t stream = begin_request(head);
  EXPECT_EQ(seen_[stream].status, 413);
}

TEST_F(Http2ConnectionTest, AnswersExpectContinue) {
  begin();
  Fields head = post("/app.php");
  head.push_back({"expect", "100-continue"});
  int32_t stream = begin_request(head);
  EXPECT_THAT(seen_[stream].interim, ElementsAre(100));
  send_body(stream, "x", true);
  EXPECT_EQ(queue_.jobs.size(), 1u);
}

TEST_F(Http2ConnectionTest, PassesEarlyHintsOn) {
  begin();
  int32_t stream = ask(get("/app.php"));
  FakeQueue::Head hint{103, {{"Link", "</a.css>; rel=preload"}}};
  queue_.say(&hint, "", FakeQueue::kNone);
  pump();
  EXPECT_THAT(seen_[stream].interim, ElementsAre(103));
  EXPECT_EQ(field(stream, "link"), "</a.css>; rel=preload");
  queue_.say(&ok_, "x", FakeQueue::kEnd);
  pump();
  EXPECT_EQ(seen_[stream].status, 200);
}

TEST_F(Http2ConnectionTest, PassesAFewInterimHeadsOnAndNoMore) {
  begin();
  int32_t stream = ask(get("/app.php"));
  FakeQueue::Head hint{103, {{"Content-Length", "5"}, {"X-Sendfile", "/secret"}, {"X-Own", "1"}}};
  for (uint32_t i = 0; i < kInterimHeads + 10; ++i) queue_.say(&hint, "", FakeQueue::kNone);
  pump();
  EXPECT_EQ(seen_[stream].interim.size(), kInterimHeads);
  EXPECT_EQ(field(stream, "x-own"), "1");
  EXPECT_EQ(field(stream, "content-length"), "(absent)");
  EXPECT_EQ(field(stream, "x-sendfile"), "(absent)");
  queue_.say(&ok_, "x", FakeQueue::kEnd);
  pump();
  EXPECT_EQ(seen_[stream].status, 200);
}

TEST_F(Http2ConnectionTest, AnswersHeadWithTheLengthAndNoBody) {
  begin();
  Fields head = get("/page.html");
  head[0].second = "HEAD";
  int32_t stream = ask(head);
  EXPECT_EQ(field(stream, "content-length"), "11");
  EXPECT_EQ(seen_[stream].body, "");
  EXPECT_TRUE(seen_[stream].closed);
}

TEST_F(Http2ConnectionTest, SendsAFileAsTheWindowsAllow) {
  std::string content(1 << 20, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 4096);
  put("big.bin", content);
  begin();
  int32_t stream = ask(get("/big.bin"));
  EXPECT_EQ(seen_[stream].body.size(), 65535u);
  while (seen_[stream].body.size() < content.size()) {
    size_t before = seen_[stream].body.size();
    open_window(stream, 100000);
    ASSERT_GT(seen_[stream].body.size(), before);
  }
  EXPECT_EQ(seen_[stream].body, content);
  EXPECT_TRUE(seen_[stream].closed);
  EXPECT_EQ(observer_.exchanges.at(0).sent, content.size());
}

TEST_F(Http2ConnectionTest, SpoolsWhatAClientDoesNotTakeAndFreesTheWorker) {
  begin();
  int32_t stream = ask(get("/app.php"));
  std::string part(200 << 10, 'p');
  queue_.say(&ok_, part, FakeQueue::kNone);
  for (int i = 0; i < 10; ++i) say_all(part);
  queue_.say(nullptr, "", FakeQueue::kEnd);
  pump();
  turn_until([&] { return shared_->spool.used() > 1u << 20; });
  while (!seen_[stream].closed) open_window(stream, 1 << 20);
  EXPECT_EQ(seen_[stream].body, std::string(11 * part.size(), 'p'));
  turn_until([&] { return shared_->spool.used() == 0; });
}

TEST_F(Http2ConnectionTest, HoldsTheScriptBackWhileTheDiskIsSlowerThanIt) {
  begin();
  int32_t stream = ask(get("/app.php"));
  say_more_than_the_disk_takes(ok_, std::string(1 << 20, 'm'));
  while (!seen_[stream].closed) open_window(stream, 1 << 20);
  EXPECT_EQ(seen_[stream].body, std::string(3 << 20, 'm'));
}

TEST_F(Http2ConnectionTest, HoldsAFlushedStreamBackUntilTheClientTakesIt) {
  begin();
  int32_t stream = ask(get("/app.php"));
  queue_.say(&ok_, "first", FakeQueue::kFlush);
  pump();
  EXPECT_EQ(seen_[stream].body, "first");
  std::string part(200 << 10, 'p');
  EXPECT_EQ(queue_.say(nullptr, part, FakeQueue::kFlush), part.size());
  EXPECT_EQ(queue_.say(nullptr, part, FakeQueue::kFlush), 0u);
  pump();
  EXPECT_EQ(queue_.resumed, 0);
  open_window(stream, 1 << 20);
  EXPECT_EQ(queue_.resumed, 1);
  EXPECT_EQ(seen_[stream].body.size(), 5 + part.size());
}

TEST_F(Http2ConnectionTest, KeepsNoMoreInMemoryForAllStreamsThanTheLimit) {
  begin(0);
  std::string part(200 << 10, 'p');
  std::vector<int32_t> streams;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(ask(get("/app.php")));
    queue_.say(&ok_, part, FakeQueue::kEnd);
  }
  pump();
  turn_until([&] { return shared_->spool.used() >= 20 * part.size() - kConnectionOutputBytes; });
  for (int32_t stream : streams) open_window(stream, 1 << 20);
  for (int32_t stream : streams) EXPECT_EQ(seen_[stream].body, part);
  turn_until([&] { return shared_->spool.used() == 0; });
}

TEST_F(Http2ConnectionTest, SpoolsBodiesThatAreTooManyForMemory) {
  begin();
  std::vector<int32_t> streams;
  std::string body(40 << 10, 'b');
  for (int i = 0; i < 60; ++i) {
    streams.push_back(begin_request(post("/app.php")));
    for (size_t at = 0; at < body.size(); at += 8192) {
      send_body(streams.back(), std::string_view(body).substr(at, 8192), false);
    }
  }
  EXPECT_GE(shared_->spool.used(), 60 * body.size() - kConnectionBodyBytes);
  for (int32_t stream : streams) send_body(stream, "", true);
  ASSERT_EQ(queue_.jobs.size(), 60u);
  for (pool::Job* job : queue_.jobs) EXPECT_EQ(job->body_size, body.size());
}

TEST_F(Http2ConnectionTest, RefusesStreamsWhoseHeadsAreTooManyForMemory) {
  begin();
  Fields head = post("/app.php");
  head.push_back({"x-large", std::string(60 << 10, 'x')});
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    int32_t stream = begin_request(head);
    if (!seen_[stream].was_reset) continue;
    EXPECT_EQ(seen_[stream].reset, uint32_t{NGHTTP2_REFUSED_STREAM});
    ++refused;
  }
  EXPECT_EQ(refused, 3);
}

TEST_F(Http2ConnectionTest, CutsAnAnswerWithAReset) {
  begin();
  int32_t stream = ask(get("/app.php"));
  queue_.say(&ok_, "some", FakeQueue::kFlush);
  pump();
  queue_.lose(pool::Loss::kWorkerDied);
  pump();
  EXPECT_EQ(seen_[stream].body, "some");
  EXPECT_FALSE(seen_[stream].ended);
  EXPECT_EQ(seen_[stream].reset, uint32_t{NGHTTP2_INTERNAL_ERROR});
  EXPECT_TRUE(goaways_.empty());
}

TEST_F(Http2ConnectionTest, SendsAsLargeAHeadAsAWorkerMaySay) {
  begin();
  int32_t stream = ask(get("/app.php"));
  FakeQueue::Head large{200, {}};
  for (int i = 0; i < 60; ++i) large.fields.push_back({"X-Large", std::string(1000, 'x')});
  queue_.say(&large, "x", FakeQueue::kEnd);
  pump();
  EXPECT_EQ(seen_[stream].status, 200);
  EXPECT_EQ(seen_[stream].body, "x");
}

TEST_F(Http2ConnectionTest, CutsAnAnswerWhoseHeadIsTooLarge) {
  options_.response_headers.push_back({"X-Too-Large", std::string(kSentHeadBytes, 'x')});
  begin();
  int32_t stream = ask(get("/page.html"));
  EXPECT_EQ(seen_[stream].reset, uint32_t{NGHTTP2_INTERNAL_ERROR});
  EXPECT_EQ(observer_.exchanges.size(), 1u);
}

TEST_F(Http2ConnectionTest, AbandonsTheJobOfAStreamThatIsReset) {
  begin();
  int32_t stream = ask(get("/app.php"));
  reset(stream);
  EXPECT_EQ(queue_.abandoned, 1);
  ASSERT_EQ(observer_.exchanges.size(), 1u);
  EXPECT_EQ(observer_.exchanges[0].status, 499);
  ask(get("/page.html"));
  EXPECT_EQ(observer_.exchanges.back().status, 200) << "the connection goes on";
}

TEST_F(Http2ConnectionTest, AbandonsAllJobsOfAClientWhoLeaves) {
  begin();
  ask(get("/app.php"));
  ask(get("/app.php"));
  client_.reset();
  turn();
  EXPECT_EQ(queue_.abandoned, 2);
  EXPECT_EQ(observer_.open, 0);
  EXPECT_EQ(observer_.exchanges.size(), 2u);
}

TEST_F(Http2ConnectionTest, AnswersAHeadOverTheLimitWith431) {
  options_.max_header_size = 4096;
  begin();
  Fields head = get("/page.html");
  for (int i = 0; i < 50; ++i) head.push_back({"x-" + std::to_string(i), std::string(60, 'a')});
  int32_t stream = ask(head);
  EXPECT_EQ(seen_[stream].status, 431);
  ASSERT_EQ(observer_.exchanges.size(), 1u);
  ask(get("/page.html"));
  EXPECT_EQ(observer_.exchanges.back().status, 200);
}

// --- time

TEST_F(Http2ConnectionTest, EndsAnIdleConnectionWithAGoodbye) {
  begin();
  ask(get("/page.html"));
  pass(options_.idle_timeout + base::kSecond);
  pump();
  EXPECT_THAT(goaways_, ElementsAre(Pair(1, uint32_t{NGHTTP2_NO_ERROR})));
  EXPECT_EQ(observer_.open, 0);
}

TEST_F(Http2ConnectionTest, IsNotIdleWhileAStreamIsOpen) {
  begin();
  ask(get("/app.php"));
  pass(options_.idle_timeout + base::kSecond);
  pump();
  EXPECT_THAT(goaways_, IsEmpty());
}

TEST_F(Http2ConnectionTest, EndsAConnectionWhoseHeadDoesNotEnd) {
  begin();
  raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, "\x82");
  pass(options_.header_timeout + base::kSecond);
  pump();
  EXPECT_THAT(goaways_, ElementsAre(Pair(testing::_, uint32_t{NGHTTP2_ENHANCE_YOUR_CALM})));
}

TEST_F(Http2ConnectionTest, IsNotIdleWhileAHeadComesIn) {
  begin();
  pass(options_.idle_timeout - base::kSecond);
  raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, "\x82");
  pass(2 * base::kSecond);
  pump();
  EXPECT_THAT(goaways_, IsEmpty());
  // A head that is over, and made no stream.
  raw_frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, "\x84");
  EXPECT_EQ(observer_.open, 1);
  pass(options_.idle_timeout + base::kSecond);
  pump();
  EXPECT_EQ(observer_.open, 0);
}

TEST_F(Http2ConnectionTest, TimesOutABodyOfOneStreamAlone) {
  begin();
  int32_t other = ask(get("/app.php"));
  int32_t slow = begin_request(post("/app.php"));
  send_body(slow, "abc", false);
  pass(options_.body_timeout - base::kSecond);
  pump();
  EXPECT_EQ(seen_[slow].status, 0);
  pass(2 * base::kSecond);
  pump();
  EXPECT_EQ(seen_[slow].status, 408);
  EXPECT_EQ(seen_[other].status, 0);
  queue_.say(&ok_, "x", FakeQueue::kEnd);
  pump();
  EXPECT_EQ(seen_[other].body, "x");
}

TEST_F(Http2ConnectionTest, ResetsAStreamWhoseWindowStaysShut) {
  begin(0);
  int32_t stream = ask(get("/page.html"));
  EXPECT_EQ(seen_[stream].status, 200);
  pass(options_.write_timeout - base::kSecond);
  pump();
  EXPECT_FALSE(seen_[stream].was_reset);
  pass(2 * base::kSecond);
  pump();
  EXPECT_EQ(seen_[stream].reset, uint32_t{NGHTTP2_CANCEL});
  ASSERT_EQ(observer_.exchanges.size(), 1u);
  EXPECT_EQ(observer_.exchanges[0].sent, 0u);
}

TEST_F(Http2ConnectionTest, EndsAConnectionWhoseSocketTakesNothing) {
  put("big.bin", std::string(8 << 20, 'x'));
  begin(16 << 20);
  open_window(0, 16 << 20);
  // Sent without reading what comes back.
  ServeTest::send(std::string("\x00\x00\x0f\x01\x05\x00\x00\x00\x01", 9) +
                  std::string("\x82\x86\x41\x01h\x04\x08/big.bin", 15));
  pass(options_.write_timeout - base::kSecond);
  EXPECT_EQ(observer_.open, 1);
  pass(2 * base::kSecond);
  EXPECT_EQ(observer_.open, 0);
}

// --- the end

TEST_F(Http2ConnectionTest, DrainsInTwoStepsAndAnswersWhatIsUnderWay) {
  begin();
  int32_t stream = ask(get("/app.php"));
  bool done = false;
  front_->drain([&] { done = true; });
  turn();
  pump();
  EXPECT_THAT(goaways_, ElementsAre(Pair(INT32_MAX, 0u), Pair(1, 0u)));
  EXPECT_FALSE(done);
  queue_.say(&ok_, "hello", FakeQueue::kEnd);
  pump();
  EXPECT_EQ(seen_[stream].body, "hello");
  EXPECT_TRUE(done);
}

TEST_F(Http2ConnectionTest, DrainsAClientThatAnswersNoPing) {
  begin();
  bool done = false;
  front_->drain([&] { done = true; });
  turn();
  EXPECT_FALSE(done);
  pass(kGoawayGrace + base::kSecond);
  EXPECT_TRUE(done);
}

TEST_F(Http2ConnectionTest, AnUnaskedForPongEndsNothing) {
  begin();
  raw_frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678");
  EXPECT_EQ(seen_[ask(get("/page.html"))].status, 200);
  EXPECT_THAT(goaways_, IsEmpty());
}

}  // namespace
}  // namespace howdah::serve

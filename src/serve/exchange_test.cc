#include "serve/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "serve/serve_fixture.h"

namespace howdah::serve {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ExchangeTest : public ServeTest {
 protected:
  void run(std::string_view head = "GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n") {
    connect();
    send(head);
    ASSERT_EQ(queue_.jobs.size(), 1u);
  }
  const FakeQueue::Head ok_{200, {{"Content-Type", "text/plain"}}};
};

TEST_F(ExchangeTest, TellsPhpWhatItAsksFor) {
  run("GET /app.php/more?a=1&b HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: test\r\n"
      "X_Under: no\r\nProxy: no\r\nX-Other: 1\r\nX-Other: 2\r\nX-Request-ID: my-id\r\n"
      "traceparent: 00-11111111111111111111111111111111-2222222222222222-01\r\n\r\n");
  const std::pair<const char*, std::string> kExpected[] = {
      {"REQUEST_METHOD", "GET"},
      {"REQUEST_URI", "/app.php/more?a=1&b"},
      {"QUERY_STRING", "a=1&b"},
      {"SCRIPT_NAME", "/app.php"},
      {"SCRIPT_FILENAME", root_ + "/app.php"},
      {"PATH_INFO", "/more"},
      {"PATH_TRANSLATED", root_ + "/more"},
      {"DOCUMENT_ROOT", root_},
      {"DOCUMENT_URI", "/app.php/more"},
      {"PHP_SELF", "/app.php/more"},
      {"SERVER_PROTOCOL", "HTTP/1.1"},
      {"SERVER_NAME", "example.com"},
      {"SERVER_PORT", "8080"},
      {"REQUEST_SCHEME", "http"},
      {"HTTP_HOST", "example.com:8080"},
      {"HTTP_USER_AGENT", "test"},
      {"HTTP_X_OTHER", "1, 2"},
      {"TOKIO_REQUEST_ID", "my-id"},
      {"TRACE_ID", "11111111111111111111111111111111"},
      {"PARENT_SPAN_ID", "2222222222222222"},
      {"HTTP_X_UNDER", "(absent)"},
      {"HTTP_PROXY", "(absent)"},
      {"CONTENT_LENGTH", "(absent)"},
      {"HTTPS", "(absent)"},
  };
  for (const auto& [name, value] : kExpected) EXPECT_EQ(queue_.var(name), value) << name;
  EXPECT_THAT(queue_.var("HTTP_TRACEPARENT"),
              StartsWith("00-11111111111111111111111111111111-" + queue_.var("SPAN_ID")));
  queue_.say(&ok_, "", FakeQueue::kEnd);
  EXPECT_THAT(receive(), HasSubstr("X-Request-ID: my-id\r\n"));
}

TEST_F(ExchangeTest, GivesAWorkerScriptWhatItTakes) {
  options_.workers = {{.path = "/elsewhere/w.php", .name = "", .match = {"/api/*"}}};
  connect();
  send("GET /api/x?a=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(queue_.jobs.size(), 0u);
  ASSERT_EQ(worker_queue_.jobs.size(), 1u);
  EXPECT_EQ(worker_queue_.var("SCRIPT_FILENAME"), "/elsewhere/w.php");
  EXPECT_EQ(worker_queue_.var("DOCUMENT_ROOT"), root_);
  for (const char* name : {"SCRIPT_NAME", "PHP_SELF", "DOCUMENT_URI"}) {
    EXPECT_EQ(worker_queue_.var(name), "") << name;
  }
  EXPECT_EQ(worker_queue_.var("PATH_INFO"), "(absent)");
  EXPECT_EQ(worker_queue_.var("REQUEST_URI"), "/api/x?a=1");
  worker_queue_.say(&ok_, "w", FakeQueue::kEnd);
  EXPECT_THAT(receive(), EndsWith("w"));
  send("GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(queue_.jobs.size(), 1u);
}

TEST_F(ExchangeTest, TellsTheWorkerWhichCodingWasNegotiated) {
  options_.compression = {{base::ContentCoding::kBrotli, base::ContentCoding::kGzip}, 2};
  run("GET /app.php HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip, br;q=0.5\r\n\r\n");
  EXPECT_EQ(channel::RequestView(queue_.jobs.at(0)->request).coding(), base::ContentCoding::kGzip);
  queue_.say(&ok_, "", FakeQueue::kEnd);
  receive();
  send("GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(channel::RequestView(queue_.jobs.at(0)->request).coding(),
            base::ContentCoding::kIdentity);
}

TEST_F(ExchangeTest, TellsTheWorkerNothingOfCodingsWhenThereAreNone) {
  options_.compression = {};
  run("GET /app.php HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_FALSE(channel::RequestView(queue_.jobs.at(0)->request).coding());
}

TEST_F(ExchangeTest, WaitsForTheEncodedBodyOfAFile) {
  options_.compression = {{base::ContentCoding::kGzip}, 1};
  put("long.txt", std::string(5000, 'x'));
  connect();
  std::string answer = ask("GET /long.txt HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
  base::Nanos until = base::monotonic_now() + 20 * base::kSecond;
  while (answer.empty() && base::monotonic_now() < until) answer = receive();
  EXPECT_THAT(answer, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_LT(body_of(answer).size(), 200u);
}

TEST_F(ExchangeTest, APartOfAFileIsNotEncoded) {
  options_.compression = {{base::ContentCoding::kGzip}, 1};
  put("long.txt", std::string(5000, 'x'));
  connect();
  std::string answer =
      ask("GET /long.txt HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nRange: bytes=0-9\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Vary: Accept-Encoding\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Content-Encoding")));
}

TEST_F(ExchangeTest, GivesAnAnswerInPartsAnExactLength) {
  run();
  queue_.say(&ok_, "one ", FakeQueue::kNone);
  queue_.say(nullptr, "two", FakeQueue::kNone);
  EXPECT_EQ(receive(), "");
  queue_.say(nullptr, "", FakeQueue::kEnd);
  std::string answer = receive();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_EQ(body_of(answer), "one two");
}

TEST_F(ExchangeTest, CorrectsALengthThatDoesNotFitABufferedAnswer) {
  run();
  FakeQueue::Head head{200, {{"Content-Length", "999"}}};
  queue_.say(&head, "four", FakeQueue::kEnd);
  std::string answer = receive();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Length: 999")));
}

TEST_F(ExchangeTest, SendsFlushedOutputInChunks) {
  run();
  queue_.say(&ok_, "one", FakeQueue::kFlush);
  std::string answer = receive();
  EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(body_of(answer), "3\r\none\r\n");
  queue_.say(nullptr, "two", FakeQueue::kNone);
  EXPECT_EQ(receive(), "3\r\ntwo\r\n");
  queue_.say(nullptr, "", FakeQueue::kEnd);
  EXPECT_EQ(receive(), "0\r\n\r\n");
  EXPECT_EQ(body_of(get("/page.html")), "<p>page</p>") << "the connection goes on";
}

TEST_F(ExchangeTest, EndsAStreamForAnHttp10ClientByClosing) {
  run("GET /app.php HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  queue_.say(&ok_, "one", FakeQueue::kFlush);
  queue_.say(nullptr, "two", FakeQueue::kEnd);
  std::string answer = receive();
  EXPECT_THAT(answer, Not(HasSubstr("chunked")));
  EXPECT_EQ(body_of(answer), "onetwo");
  EXPECT_TRUE(closed_);
}

TEST_F(ExchangeTest, EndsTheConnectionWhenAStreamBreaksItsPromisedLength) {
  run();
  FakeQueue::Head head{200, {{"Content-Length", "10"}}};
  queue_.say(&head, "one", FakeQueue::kFlush);
  EXPECT_THAT(receive(), HasSubstr("Content-Length: 10\r\n"));
  queue_.say(nullptr, "two", FakeQueue::kEnd);
  EXPECT_EQ(receive(), "two") << "short of the 10, which the client sees by the end";
  EXPECT_TRUE(closed_);
}

TEST_F(ExchangeTest, SendsNoMoreOfAStreamThanItPromised) {
  run();
  FakeQueue::Head head{200, {{"Content-Length", "5"}}};
  queue_.say(&head, "one", FakeQueue::kFlush);
  queue_.say(nullptr, "two", FakeQueue::kNone);
  queue_.say(nullptr, "three", FakeQueue::kEnd);
  EXPECT_EQ(body_of(receive()), "onetw");
  EXPECT_TRUE(closed_);
}

TEST_F(ExchangeTest, SendsWhatWaitsBeforeItCutsAStream) {
  run();
  std::string piece(60 << 10, '#');
  size_t given = 0;
  queue_.say(&ok_, "first", FakeQueue::kFlush);
  while (queue_.say(nullptr, piece, FakeQueue::kNone) == piece.size()) given += piece.size();
  queue_.lose(pool::Loss::kWorkerDied);
  std::string answer = receive();
  EXPECT_EQ(std::count(answer.begin(), answer.end(), '#'), static_cast<ptrdiff_t>(given));
  EXPECT_THAT(answer, Not(EndsWith("0\r\n\r\n")));
  EXPECT_TRUE(closed_);
}

TEST_F(ExchangeTest, SpoolsALargeAnswerForASlowClient) {
  run();
  std::string megabyte(1 << 20, 'm');
  EXPECT_EQ(queue_.say(&ok_, megabyte, FakeQueue::kNone), megabyte.size());
  for (int i = 0; i < 7; ++i) say_all(megabyte);
  queue_.say(nullptr, "", FakeQueue::kEnd);
  turn_until([&] { return shared_->spool.used() > 6u << 20; });
  std::string answer = receive();
  size_t letters = static_cast<size_t>(std::count(answer.begin(), answer.end(), 'm'));
  EXPECT_GE(letters, 8u << 20);
  EXPECT_THAT(answer, EndsWith("0\r\n\r\n"));
  turn_until([&] { return shared_->spool.used() == 0; });
  EXPECT_EQ(observer_.exchanges.size(), 1u);
}

TEST_F(ExchangeTest, HoldsAScriptBackForAMomentBeforeItSpools) {
  run();
  std::string piece(130 << 10, 'p');
  auto say_many = [&] {
    int said = 0;
    while (said < 64 && queue_.say(nullptr, piece, FakeQueue::kNone) == piece.size()) ++said;
    return said;
  };
  queue_.say(&ok_, piece, FakeQueue::kNone);
  EXPECT_LT(say_many(), 64);
  EXPECT_EQ(queue_.resumed, 0);
  receive();
  EXPECT_EQ(queue_.resumed, 1) << "the client has taken everything";
  EXPECT_LT(say_many(), 64);
  EXPECT_EQ(shared_->spool.used(), 0u);
  pass(2 * kPatience);
  EXPECT_EQ(queue_.resumed, 2) << "it has not for too long";
  for (int i = 0; i < 64; ++i) say_all(piece);
  EXPECT_GT(shared_->spool.used(), 0u);
  queue_.say(nullptr, "", FakeQueue::kEnd);
  EXPECT_THAT(receive(), EndsWith("0\r\n\r\n"));
}

TEST_F(ExchangeTest, HoldsTheScriptBackWhileTheDiskIsSlowerThanIt) {
  run();
  say_more_than_the_disk_takes(ok_, std::string(1 << 20, 'm'));
  EXPECT_EQ(std::ranges::count(receive(), 'm'), 3 << 20);
}

TEST_F(ExchangeTest, HoldsTheScriptBackWhenTheSpoolIsFull) {
  options_.spool_max = 1 << 20;
  run();
  std::string piece(256 << 10, 'p');
  queue_.say(&ok_, piece, FakeQueue::kNone);
  size_t taken = 0;
  turn_until([&] {
    taken += queue_.say(nullptr, piece, FakeQueue::kNone);
    return sink_.lines > 0;
  });
  EXPECT_LT(taken, 64 * piece.size());
  turn();
  EXPECT_EQ(queue_.say(nullptr, piece, FakeQueue::kNone), 0u);
  const int resumed = queue_.resumed;
  receive();
  EXPECT_EQ(queue_.resumed, resumed + 1) << "the client has taken everything";
}

TEST_F(ExchangeTest, HoldsAFlushingScriptBackUntilTheClientReads) {
  run();
  std::string piece(64 << 10, 'p');
  queue_.say(&ok_, "first", FakeQueue::kFlush);
  size_t taken = 0;
  while (queue_.say(nullptr, piece, FakeQueue::kNone) == piece.size()) ++taken;
  EXPECT_LT(taken, 64u);
  EXPECT_EQ(queue_.resumed, 0);
  receive();
  EXPECT_EQ(queue_.resumed, 1);
  EXPECT_EQ(queue_.say(nullptr, piece, FakeQueue::kEnd), piece.size());
  EXPECT_THAT(receive(), EndsWith("0\r\n\r\n"));
}

TEST_F(ExchangeTest, AnswersHeadWithoutABody) {
  run("HEAD /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  queue_.say(&ok_, "hello", FakeQueue::kEnd);
  std::string answer = receive();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(body_of(answer), "");
}

TEST_F(ExchangeTest, SaysNothingOfTheLengthWhenAScriptMakesNoBodyForHead) {
  run("HEAD /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  queue_.say(&ok_, "", FakeQueue::kEnd);
  std::string answer = receive();
  EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(body_of(answer), "");
}

TEST_F(ExchangeTest, BelievesTheLengthThatAScriptSaysForHead) {
  run("HEAD /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  FakeQueue::Head head{200, {{"Content-Length", "123"}}};
  queue_.say(&head, "", FakeQueue::kEnd);
  EXPECT_THAT(receive(), HasSubstr("Content-Length: 123\r\n"));
}

TEST_F(ExchangeTest, TakesSeveralTraceparentsForNone) {
  std::string line = "traceparent: 00-11111111111111111111111111111111-2222222222222222-01\r\n";
  run("GET /app.php HTTP/1.1\r\nHost: h\r\n" + line + line + "\r\n");
  EXPECT_NE(queue_.var("TRACE_ID"), std::string(32, '1'));
  EXPECT_EQ(queue_.var("PARENT_SPAN_ID"), "(absent)");
}

TEST_F(ExchangeTest, TellsPhpOfABodyInChunksByItsLength) {
  run("POST /app.php HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(queue_.var("CONTENT_LENGTH"), "3");
  EXPECT_EQ(queue_.var("HTTP_TRANSFER_ENCODING"), "(absent)");
}

TEST_F(ExchangeTest, AddsConfiguredHeadersToEveryAnswerThatLacksThem) {
  options_.response_headers = {{"X-Frame-Options", "DENY"}, {"content-type", "text/never"}};
  run();
  FakeQueue::Head head{200, {{"x-frame-options", "SAMEORIGIN"}}};
  queue_.say(&head, "x", FakeQueue::kFlush);
  queue_.say(nullptr, "", FakeQueue::kEnd);
  std::string answer = receive();
  EXPECT_THAT(answer, HasSubstr("x-frame-options: SAMEORIGIN\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("DENY")));
  send("GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  queue_.say(&ok_, "x", FakeQueue::kEnd);
  answer = receive();
  EXPECT_THAT(answer, HasSubstr("X-Frame-Options: DENY\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("text/never")));
  EXPECT_THAT(get("/page.html"), HasSubstr("X-Frame-Options: DENY\r\n"));
  EXPECT_THAT(get("/missing"), HasSubstr("X-Frame-Options: DENY\r\n"));
}

TEST_F(ExchangeTest, DropsWhatAScriptMayNotSay) {
  run();
  FakeQueue::Head head{200,
                       {{"Connection", "upgrade"},
                        {"Keep-Alive", "x"},
                        {"Transfer-Encoding", "gzip"},
                        {"Upgrade", "x"},
                        {"Server", "mine"},
                        {"Date", "today"},
                        {"X-Split", "a\r\nEvil: 1"},
                        {"Bad Name", "x"},
                        {"X-Fine", "1"},
                        {"Set-Cookie", "a=1"},
                        {"Set-Cookie", "b=2"}}};
  queue_.say(&head, "x", FakeQueue::kEnd);
  std::string answer = receive();
  for (const char* gone : {"upgrade", "Keep-Alive", "gzip", "mine", "today", "Evil", "Bad Name"}) {
    EXPECT_THAT(answer, Not(HasSubstr(gone)));
  }
  EXPECT_THAT(answer, HasSubstr("X-Fine: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
}

TEST_F(ExchangeTest, PutsAReasonIntoAnEmptyError) {
  run();
  FakeQueue::Head head{500, {{"Content-Type", "text/html"}}};
  queue_.say(&head, "", FakeQueue::kEnd);
  std::string answer = receive();
  EXPECT_EQ(body_of(answer), "Internal Server Error");
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain"));
  EXPECT_THAT(answer, Not(HasSubstr("text/html")));
}

TEST_F(ExchangeTest, AnswersBadGatewayForADeadWorkerAndGoesOn) {
  run();
  queue_.lose(pool::Loss::kWorkerDied);
  std::string answer = receive();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 502 "));
  EXPECT_EQ(body_of(answer), "Bad Gateway");
  EXPECT_FALSE(closed_);
}

TEST_F(ExchangeTest, CutsAStreamWhoseWorkerDied) {
  run();
  queue_.say(&ok_, "one", FakeQueue::kFlush);
  queue_.lose(pool::Loss::kWorkerDied);
  EXPECT_THAT(receive(), EndsWith("3\r\none\r\n"));
  EXPECT_TRUE(closed_);
}

TEST_F(ExchangeTest, AnswersUnavailableWhenTheQueueIsFull) {
  queue_.verdict = pool::Submit::kQueueFull;
  connect();
  std::string answer = get("/app.php");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_EQ(body_of(answer), "Service Unavailable");
  EXPECT_TRUE(observer_.exchanges.at(0).dropped);
}

TEST_F(ExchangeTest, RefusesWhatHasWaitedTooLongInTheQueue) {
  options_.queue_timeout = 2 * base::kSecond;
  queue_.begins = false;
  run();
  pass(base::kSecond);
  EXPECT_EQ(receive(), "");
  pass(2 * base::kSecond);
  std::string answer = receive();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_EQ(queue_.withdrawn, 1);
  EXPECT_TRUE(observer_.exchanges.at(0).dropped);
  EXPECT_FALSE(observer_.exchanges.at(0).timed_out);
  EXPECT_EQ(body_of(get("/page.html")), "<p>page</p>") << "the connection goes on";
  pass(options_.request_timeout);
  EXPECT_EQ(queue_.cancelled, 0);
}

TEST_F(ExchangeTest, LeavesWhatAWorkerHasTakenToTheRequestTimeout) {
  options_.queue_timeout = 2 * base::kSecond;
  run();
  pass(3 * base::kSecond);
  EXPECT_EQ(queue_.abandoned, 0);
  queue_.say(&ok_, "late", FakeQueue::kEnd);
  EXPECT_EQ(body_of(receive()), "late");
  EXPECT_FALSE(observer_.exchanges.at(0).dropped);
}

TEST_F(ExchangeTest, RefusesABodyThatIsTooLargeBeforeAByteOfIt) {
  options_.max_body_size = 1000;
  for (const char* framing :
       {"Content-Length: 1001\r\n\r\n", "Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3e9\r\n"}) {
    for (const char* path : {"/app.php", "/page.html", "/missing"}) {
      connect();
      std::string answer = ask("POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + framing);
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 ")) << path << " " << framing;
      EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    }
  }
  EXPECT_TRUE(queue_.jobs.empty());
}

TEST_F(ExchangeTest, CancelsARequestThatTakesTooLong) {
  run();
  pass(options_.request_timeout + base::kSecond);
  std::string answer = receive();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 504 "));
  EXPECT_EQ(body_of(answer), "504 Gateway Timeout");
  EXPECT_EQ(queue_.cancelled, 1);
  EXPECT_TRUE(observer_.exchanges.at(0).timed_out);
}

TEST_F(ExchangeTest, GivesAScriptTheTimeThatItHasAskedFor) {
  run();
  queue_.wanted = test_now + options_.request_timeout + 30 * base::kSecond;
  pass(options_.request_timeout + 28 * base::kSecond);
  EXPECT_EQ(queue_.cancelled, 0);
  EXPECT_EQ(queue_.jobs.at(0)->deadline, queue_.wanted);
  pass(4 * base::kSecond);
  EXPECT_EQ(queue_.cancelled, 1);
  EXPECT_THAT(receive(), StartsWith("HTTP/1.1 504 "));
}

TEST_F(ExchangeTest, DoesNotShortenTheTimeOfAScriptThatAsksForLess) {
  run();
  queue_.wanted = test_now + base::kSecond;
  pass(options_.request_timeout - 2 * base::kSecond);
  EXPECT_EQ(queue_.cancelled, 0);
}

TEST_F(ExchangeTest, TellsThePoolTheLimitsOfAJob) {
  run();
  const pool::Job& job = *queue_.jobs.at(0);
  EXPECT_EQ(job.deadline, job.submitted_at + options_.request_timeout);
  EXPECT_EQ(job.time_limit, options_.request_timeout);
  EXPECT_EQ(channel::RequestView(job.request).time_limit(), 120u);
}

TEST_F(ExchangeTest, HasNoLimitWhenThereIsNone) {
  options_.request_timeout = 0;
  run();
  EXPECT_EQ(queue_.jobs.at(0)->deadline, 0);
  EXPECT_EQ(channel::RequestView(queue_.jobs.at(0)->request).time_limit(), 0u);
  pass(86'400 * base::kSecond);
  EXPECT_EQ(queue_.cancelled, 0);
}

TEST_F(ExchangeTest, StartsTheTimeOfAnEventStreamAgainAtEachFlush) {
  run();
  FakeQueue::Head head{200, {{"Content-Type", "text/event-stream"}}};
  queue_.say(&head, "data: 1\n\n", FakeQueue::kNone);
  EXPECT_THAT(receive(), EndsWith("data: 1\n\n\r\n")) << "without a flush";
  for (int i = 0; i < 3; ++i) {
    pass(options_.request_timeout - base::kSecond);
    queue_.say(nullptr, "data: 2\n\n", FakeQueue::kFlush);
  }
  EXPECT_EQ(queue_.cancelled, 0);
  pass(options_.request_timeout + base::kSecond);
  EXPECT_EQ(queue_.cancelled, 1);
  receive();
  EXPECT_TRUE(closed_);
}

TEST_F(ExchangeTest, KnowsWhatAMethodMayDo) {
  connect();
  EXPECT_THAT(ask("TRACE /app.php HTTP/1.1\r\nHost: h\r\n\r\n"),
              StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  for (const char* target : {"/app.php", "h:80"}) {
    EXPECT_THAT(ask("CONNECT " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n"),
                StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  }
  std::string answer = ask("DELETE /page.html HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
  send("PROPFIND /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(queue_.var("REQUEST_METHOD"), "PROPFIND");
}

TEST_F(ExchangeTest, RedirectsADirectoryWithItsQuery) {
  put("dir one/index.html", "x");
  connect();
  std::string answer = get("//dir%20one?a=1");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 308 "));
  EXPECT_THAT(answer, HasSubstr("Location: /dir%20one/?a=1\r\n"));
}

TEST_F(ExchangeTest, SendsAStaticFileWithItsValidators) {
  connect();
  std::string answer = get("/page.html");
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("Cache-Control: public, max-age=86400\r\n"));
  EXPECT_THAT(answer, HasSubstr("Last-Modified: "));
  size_t begin = answer.find("ETag: ") + 6;
  std::string etag = answer.substr(begin, answer.find("\r\n", begin) - begin);
  std::string unchanged =
      ask("GET /page.html HTTP/1.1\r\nHost: h\r\nIf-None-Match: " + etag + "\r\n\r\n");
  EXPECT_THAT(unchanged, StartsWith("HTTP/1.1 304 "));
  EXPECT_THAT(unchanged, HasSubstr("ETag: " + etag));
  EXPECT_EQ(body_of(unchanged), "");
  EXPECT_THAT(ask("GET /page.html HTTP/1.1\r\nHost: h\r\nIf-Match: \"x\"\r\n\r\n"),
              StartsWith("HTTP/1.1 412 "));
  std::string head = ask("HEAD /page.html HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Content-Length: 11\r\n"));
  EXPECT_EQ(body_of(head), "");
}

TEST_F(ExchangeTest, SendsALargeFileWhole) {
  std::string large;
  for (int i = 0; i < 300'000; ++i) large += std::to_string(i);
  put("large.bin", large);
  connect();
  EXPECT_EQ(body_of(get("/large.bin")), large);
  EXPECT_EQ(body_of(get("/page.html")), "<p>page</p>");
}

TEST_F(ExchangeTest, SendsTheFallbackFileUncached) {
  options_.index_file = "page.html";
  connect();
  std::string answer = get("/some/where");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("Cache-Control: no-cache\r\n"));
}

TEST_F(ExchangeTest, ReportsWhatHappened) {
  connect();
  ask("GET /page.html?q=1 HTTP/1.1\r\nHost: h\r\nUser-Agent: me\r\n\r\n");
  ASSERT_EQ(observer_.exchanges.size(), 1u);
  const auto& seen = observer_.exchanges[0];
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.path, "/page.html");
  EXPECT_EQ(seen.query, "q=1");
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.sent, 11u);
  EXPECT_EQ(seen.agent, "me");
}

}  // namespace
}  // namespace howdah::serve

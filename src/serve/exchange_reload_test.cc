// What `howdah serve DIR --watch` adds: pages with a tag, the script it names, the stream of
// events.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/limits.h"
#include "serve/live_reload.h"
#include "serve/serve_fixture.h"

namespace howdah::serve {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kAsDocument = "Sec-Fetch-Dest: document\r\n";

class ExchangeReloadTest : public ServeTest {
 protected:
  ExchangeReloadTest() { options_.live_reload = true; }

  std::string get_with(std::string_view path, std::string_view fields,
                       std::string_view method = "GET") {
    if (!client_) connect();
    return ask(std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" +
               std::string(fields) + "\r\n");
  }
  void begin_script(std::string_view fields, std::string_view method = "GET") {
    get_with("/app.php", fields, method);
    ASSERT_EQ(queue_.jobs.size(), 1u);
  }
  std::string tag() const {
    return "\n<script src=\"/.howdah/reload.js\" data-version=\"" + shared_->version.text() +
           "\" async></script>\n";
  }
  static std::string field(const std::string& answer, std::string_view name) {
    size_t at = answer.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return "(none)";
    at += name.size() + 4;
    return answer.substr(at, answer.find("\r\n", at) - at);
  }
  void expect_tag(const std::string& answer, const std::string& body) {
    EXPECT_EQ(body_of(answer), body + tag());
    EXPECT_EQ(field(answer, "Content-Length"), std::to_string(body.size() + tag().size()));
    EXPECT_EQ(field(answer, "Cache-Control"), "no-store");
    EXPECT_EQ(field(answer, "ETag"), "(none)");
    EXPECT_EQ(field(answer, "Last-Modified"), "(none)");
  }
  const FakeQueue::Head page_{200, {{"Content-Type", "text/html; charset=UTF-8"}}};
};

TEST_F(ExchangeReloadTest, PutsATagOnAPageOfAScript) {
  begin_script(kAsDocument);
  FakeQueue::Head head = page_;
  head.fields.push_back({"ETag", "\"1\""});
  head.fields.push_back({"Cache-Control", "public, max-age=60"});
  head.fields.push_back({"X-Own", "1"});
  queue_.say(&head, "<p>hello</p>", FakeQueue::kEnd);
  std::string answer = receive();
  expect_tag(answer, "<p>hello</p>");
  EXPECT_EQ(field(answer, "X-Own"), "1");
  EXPECT_EQ(field(answer, "Content-Type"), "text/html; charset=UTF-8");
}

TEST_F(ExchangeReloadTest, PutsATagAtTheEndOfAStream) {
  begin_script(kAsDocument);
  queue_.say(&page_, "<p>he", FakeQueue::kFlush);
  EXPECT_THAT(receive(), EndsWith("<p>he\r\n"));
  queue_.say(nullptr, "llo</p>", FakeQueue::kEnd);
  EXPECT_THAT(receive(), HasSubstr("llo</p>" + tag() + "\r\n0\r\n\r\n"));
}

TEST_F(ExchangeReloadTest, CountsTheTagInALengthThatAScriptNames) {
  begin_script(kAsDocument);
  FakeQueue::Head head = page_;
  head.fields.push_back({"Content-Length", "12"});
  queue_.say(&head, "<p>he", FakeQueue::kFlush);
  queue_.say(nullptr, "llo</p>", FakeQueue::kEnd);
  std::string answer = receive();
  EXPECT_EQ(field(answer, "Content-Length"), std::to_string(12 + tag().size()));
  EXPECT_EQ(body_of(answer), "<p>hello</p>" + tag());
}

TEST_F(ExchangeReloadTest, SaysTheSameLengthToHead) {
  begin_script(kAsDocument, "HEAD");
  queue_.say(&page_, "<p>hello</p>", FakeQueue::kEnd);
  std::string answer = receive();
  EXPECT_EQ(field(answer, "Content-Length"), std::to_string(12 + tag().size()));
  EXPECT_EQ(body_of(answer), "");
}

TEST_F(ExchangeReloadTest, AsksPhpForAWholeAnswerAsItIs) {
  begin_script(std::string(kAsDocument) +
               "Accept-Encoding: gzip\r\nIf-None-Match: \"1\"\r\nRange: bytes=0-1\r\n"
               "If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT\r\n");
  for (const char* name :
       {"HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_RANGE", "HTTP_IF_MODIFIED_SINCE"}) {
    EXPECT_EQ(queue_.var(name), "(absent)") << name;
  }
  EXPECT_EQ(channel::RequestView(queue_.jobs.at(0)->request).coding(),
            base::ContentCoding::kIdentity);
  queue_.say(&page_, "", FakeQueue::kEnd);
}

TEST_F(ExchangeReloadTest, LeavesOtherAnswersAlone) {
  const std::vector<FakeQueue::Head> kOthers = {
      {200, {{"Content-Type", "application/json"}}},
      {200, {{"Content-Type", "text/html"}, {"Content-Encoding", "gzip"}}},
      {200, {{"Content-Type", "text/html"}, {"Content-Disposition", "attachment; filename=a"}}},
      {206, {{"Content-Type", "text/html"}}},
      {302, {{"Content-Type", "text/html"}, {"Location", "/"}}},
      {200, {{"Content-Type", "text/html-like"}}},
      {200, {}},
  };
  for (const FakeQueue::Head& head : kOthers) {
    begin_script(kAsDocument);
    queue_.say(&head, "body", FakeQueue::kEnd);
    std::string answer = receive();
    EXPECT_EQ(body_of(answer), "body") << head.status;
  }
  begin_script(kAsDocument);
  FakeQueue::Head nothing = page_;
  nothing.status = 204;
  queue_.say(&nothing, "", FakeQueue::kEnd);
  EXPECT_EQ(body_of(receive()), "");
}

TEST_F(ExchangeReloadTest, LeavesAnswersAloneThatAreNoPageOfAWindow) {
  for (const char* fields :
       {"Sec-Fetch-Dest: empty\r\nAccept: text/html\r\n", "Sec-Fetch-Dest: iframe\r\n",
        "Accept: */*\r\n", "", "Accept: text/html\r\nX-Requested-With: XMLHttpRequest\r\n"}) {
    begin_script(fields);
    queue_.say(&page_, "<p>part</p>", FakeQueue::kEnd);
    EXPECT_EQ(body_of(receive()), "<p>part</p>") << fields;
  }
  begin_script("Accept: text/html,application/xhtml+xml\r\n");
  queue_.say(&page_, "<p>old browser</p>", FakeQueue::kEnd);
  expect_tag(receive(), "<p>old browser</p>");
}

TEST_F(ExchangeReloadTest, LeavesEverythingAloneWithoutTheOption) {
  options_.live_reload = false;
  begin_script(kAsDocument);
  queue_.say(&page_, "<p>hello</p>", FakeQueue::kEnd);
  EXPECT_EQ(body_of(receive()), "<p>hello</p>");
  EXPECT_THAT(get_with("/page.html", kAsDocument), HasSubstr("\r\nETag: "));
  EXPECT_THAT(get_with("/.howdah/reload", ""), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get_with("/.howdah/reload.js", ""), StartsWith("HTTP/1.1 404 "));
}

TEST_F(ExchangeReloadTest, GivesTheTagTheNonceOfThePage) {
  const std::pair<std::string, std::string> kPolicies[] = {
      {"script-src 'nonce-aB3+/_-=' 'strict-dynamic'", " nonce=\"aB3+/_-=\""},
      {"script-src 'self'", ""},
      {"script-src 'nonce-\"><b>'", ""},
  };
  for (const auto& [policy, attribute] : kPolicies) {
    begin_script(kAsDocument);
    FakeQueue::Head head = page_;
    head.fields.push_back({"Content-Security-Policy", policy});
    queue_.say(&head, "", FakeQueue::kEnd);
    EXPECT_THAT(body_of(receive()), EndsWith("-0\"" + attribute + " async></script>\n"));
  }
}

TEST_F(ExchangeReloadTest, ATagHasTheVersionOfTheTimeThatThePageWasAskedFor) {
  begin_script(kAsDocument);
  const std::string before = tag();
  shared_->version.advance();
  queue_.say(&page_, "", FakeQueue::kEnd);
  EXPECT_EQ(body_of(receive()), before);
}

TEST_F(ExchangeReloadTest, PutsATagOnAStaticPage) {
  const std::string large(kSmallFileBytes + 1, 'x');
  put("large.html", large);
  expect_tag(get_with("/page.html", kAsDocument), "<p>page</p>");
  expect_tag(get_with("/large.html", kAsDocument), large);
  std::string head = get_with("/page.html", kAsDocument, "HEAD");
  EXPECT_EQ(field(head, "Content-Length"), std::to_string(11 + tag().size()));
  EXPECT_EQ(body_of(head), "");
  std::string part = get_with("/page.html", "Range: bytes=0-1\r\n");
  EXPECT_EQ(body_of(part), "<p");
}

TEST_F(ExchangeReloadTest, StaticFilesAreAskedForEachTime) {
  put("app.css", "p {}");
  std::string answer = get_with("/app.css", "");
  EXPECT_EQ(field(answer, "Cache-Control"), "no-cache");
  EXPECT_EQ(body_of(answer), "p {}");
}

TEST_F(ExchangeReloadTest, AnErrorIsAPageThatHearsOfChanges) {
  std::string answer = get_with("/none.php", kAsDocument);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(body_of(answer), EndsWith("<pre>Not Found</pre>" + tag()));
  EXPECT_THAT(field(get_with("/none.php", ""), "Content-Type"), StartsWith("text/plain"));
  begin_script(kAsDocument);
  queue_.lose(pool::Loss::kWorkerDied);
  EXPECT_THAT(body_of(receive()), EndsWith(tag()));
}

TEST_F(ExchangeReloadTest, SendsTheScript) {
  std::string answer = get_with("/.howdah/reload.js", "");
  EXPECT_EQ(field(answer, "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_THAT(body_of(answer), HasSubstr("EventSource"));
  EXPECT_THAT(observer_.exchanges, IsEmpty()) << "it is no exchange of the site";
  EXPECT_THAT(get_with("/.howdah/reload.js", "", "POST"), StartsWith("HTTP/1.1 405 "));
}

TEST_F(ExchangeReloadTest, TellsBrowsersOfChanges) {
  std::string answer = get_with("/.howdah/reload", "");
  EXPECT_EQ(field(answer, "Content-Type"), "text/event-stream");
  const std::string first = shared_->version.text();
  EXPECT_THAT(answer, HasSubstr("event: page\ndata: " + first + "\n\n"));
  shared_->version.advance();
  front_->tell_browsers(BrowserNews::kStyles);
  const std::string second = shared_->version.text();
  EXPECT_NE(second, first);
  EXPECT_THAT(receive(), HasSubstr("event: styles\ndata: " + second + "\n\n"));
  front_->tell_browsers(BrowserNews::kPage);
  EXPECT_THAT(receive(), HasSubstr("event: page\ndata: " + second + "\n\n"));
}

TEST_F(ExchangeReloadTest, ForgetsABrowserThatHasGone) {
  get_with("/.howdah/reload", "");
  client_.reset();
  turn();
  EXPECT_EQ(front_->connections(), 0u);
  front_->tell_browsers(BrowserNews::kPage);
}

TEST_F(ExchangeReloadTest, EndsTheStreamWhenTheServerEnds) {
  get_with("/.howdah/reload", "");
  bool drained = false;
  front_->drain([&] { drained = true; });
  EXPECT_THAT(receive(), EndsWith("0\r\n\r\n"));
  EXPECT_TRUE(closed_);
  EXPECT_TRUE(drained);
}

}  // namespace
}  // namespace howdah::serve

// What a client is told when something went wrong and nobody had anything to say about it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/serve_fixture.h"

namespace howdah::serve {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kBrowser = "Accept: text/html,*/*;q=0.8\r\n";

class ExchangeErrorTest : public ServeTest {
 protected:
  ExchangeErrorTest() {
    options_.error_pages = {{404, "<p>gone</p>"}, {503, std::string(2000, 'b')}};
    options_.response_headers = {{"X-Frame-Options", "DENY"}};
  }
  std::string request(std::string_view path, std::string_view fields = "",
                      std::string_view method = "GET") {
    return std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" +
           std::string(fields) + "\r\n";
  }
  // What a client gets that is answered so by a script.
  std::string script_answer(const FakeQueue::Head& head, std::string_view body,
                            std::string_view fields) {
    connect();
    send(request("/app.php", fields));
    queue_.say(&head, body, FakeQueue::kEnd);
    return receive();
  }
};

TEST_F(ExchangeErrorTest, ShowsThePageToWhoNamesHtml) {
  connect();
  EXPECT_THAT(ask(request("/none", kBrowser)),
              AllOf(StartsWith("HTTP/1.1 404 "), EndsWith("\r\n\r\n<p>gone</p>"),
                    HasSubstr("Content-Type: text/html; charset=utf-8\r\n"),
                    HasSubstr("Content-Length: 11\r\n"), HasSubstr("Vary: Accept\r\n"),
                    HasSubstr("X-Frame-Options: DENY\r\n")));
}

TEST_F(ExchangeErrorTest, TellsOthersInWords) {
  connect();
  for (std::string_view accept :
       {"", "Accept: */*\r\n", "Accept: application/json\r\n", "Accept: text/html;q=0\r\n"}) {
    EXPECT_THAT(ask(request("/none", accept)),
                AllOf(EndsWith("\r\n\r\nNot Found"), HasSubstr("Vary: Accept\r\n"),
                      HasSubstr("Content-Type: text/plain; charset=utf-8\r\n")))
        << accept;
  }
}

TEST_F(ExchangeErrorTest, SaysTheReasonWhereThereIsNoPage) {
  connect();
  EXPECT_THAT(ask(request("/%00", kBrowser)),
              AllOf(EndsWith("\r\n\r\nBad Request"), Not(HasSubstr("Vary:"))));
}

TEST_F(ExchangeErrorTest, HeadHasThePagesHead) {
  connect();
  EXPECT_THAT(ask(request("/none", kBrowser, "HEAD")),
              AllOf(HasSubstr("Content-Length: 11\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(ExchangeErrorTest, EncodesThePage) {
  queue_.verdict = pool::Submit::kQueueFull;
  connect();
  std::string fields = std::string(kBrowser) + "Accept-Encoding: gzip\r\n";
  std::string answer = ask(request("/app.php", fields));
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Content-Encoding: gzip\r\n"),
                            HasSubstr("Vary: Accept, Accept-Encoding\r\n"),
                            HasSubstr("Retry-After: 1\r\n")));
  EXPECT_THAT(body_of(answer), StartsWith("\x1f\x8b"));
  EXPECT_EQ(body_of(ask(request("/app.php", kBrowser))), std::string(2000, 'b'));
  // A page that is too small for that goes out as it is.
  EXPECT_THAT(ask(request("/none", fields)), EndsWith("<p>gone</p>"));
}

TEST_F(ExchangeErrorTest, SpeaksForScriptsThatSayNothing) {
  FakeQueue::Head head{404,
                       {{"Content-Type", "application/json"},
                        {"Content-Encoding", "gzip"},
                        {"X-App", "1"},
                        {"Vary", "Accept-Encoding"},
                        {"Content-Length", "0"}}};
  EXPECT_THAT(script_answer(head, "", kBrowser),
              AllOf(EndsWith("\r\n\r\n<p>gone</p>"), HasSubstr("Content-Type: text/html"),
                    HasSubstr("X-App: 1\r\n"), HasSubstr("\r\nVary: Accept\r\n"),
                    Not(HasSubstr("Accept-Encoding")), Not(HasSubstr("Content-Encoding")),
                    Not(HasSubstr("application/json"))));
  EXPECT_THAT(script_answer(head, "", ""), EndsWith("\r\n\r\nNot Found"));
  EXPECT_THAT(script_answer(head, "{}", kBrowser), EndsWith("\r\n\r\n{}"));
}

TEST_F(ExchangeErrorTest, KeepsToTextBeforeARequestCouldBeRead) {
  options_.error_pages = {{400, "<p>bad</p>"}};
  connect();
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nAccept: text/html\r\nHost: h\r\nHost: i\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 400 "), EndsWith("\r\n\r\nBad Request")));
}

TEST_F(ExchangeErrorTest, PutsTheTagOfWatchOnThePage) {
  options_.live_reload = true;
  connect();
  std::string fields = std::string(kBrowser) + "Sec-Fetch-Dest: document\r\n";
  EXPECT_THAT(body_of(ask(request("/none", fields))),
              AllOf(StartsWith("<p>gone</p>"), HasSubstr("<script src=\"/.howdah/reload.js\"")));
}

}  // namespace
}  // namespace howdah::serve

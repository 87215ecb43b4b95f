#include "http/http1_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace howdah::http {
namespace {

using namespace std::string_literals;

constexpr size_t kTestMaxHead = 512;

Http1Limits test_limits() {
  return {.max_head = kTestMaxHead,
          .max_fields = 8,
          .max_empty_lines = 3,
          .max_chunked_body = 16,
          .max_chunk_extension = 32,
          .max_chunk_extension_total = 64,
          .max_trailer = 64};
}

// All that a user of the parser sees of a connection, as text: "GET / HTTP/1.1 [a.example] keep
// body=abc | 400". Feeds `bytes` in pieces that end at `cuts`, and keeps to the contract of step():
// what was not consumed is shown again, somewhere else in memory.
std::string outcome(const std::string& bytes, const std::vector<size_t>& cuts) {
  Http1RequestParser parser(test_limits());
  std::string seen;
  std::string body;
  std::string pending;
  size_t fed = 0;
  size_t next_cut = 0;
  for (;;) {
    auto input = std::make_unique<char[]>(pending.size());
    std::copy(pending.begin(), pending.end(), input.get());
    Step step = parser.step({input.get(), pending.size()});
    EXPECT_LE(step.consumed, pending.size());
    switch (step.event) {
      case Event::kHead: {
        const RequestHead& head = parser.head();
        seen += std::string(head.method) + " " + std::string(head.target) + " " +
                std::string(name_of(head.version)) + " [" + std::string(head.host) + "]" +
                (head.keep_alive ? " keep" : "") + (head.expect_continue ? " expect" : "");
        break;
      }
      case Event::kBody:
        EXPECT_FALSE(step.body.empty());
        body += step.body;
        break;
      case Event::kEnd:
        seen += (body.empty() ? "" : " body=" + body) + " | ";
        body.clear();
        parser.next_request();
        break;
      case Event::kError:
        EXPECT_EQ(parser.step(pending).event, Event::kError) << "an error is final";
        return seen + (body.empty() ? "" : " body=" + body + " ") +
               std::to_string(parser.refusal().status);
      case Event::kNeedMore:
        break;
    }
    pending.erase(0, step.consumed);
    if (step.event != Event::kNeedMore) continue;
    if (fed == bytes.size()) break;
    size_t to = next_cut < cuts.size() ? cuts[next_cut++] : bytes.size();
    pending.append(bytes, fed, to - fed);
    fed = to;
  }
  return seen + (parser.head_begun() ? "unfinished" : "");
}

struct Case {
  std::string name;
  std::string bytes;
  std::string expected;
};

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\n" + fields + "\r\n"; }
std::string with_host(const std::string& fields) { return get("Host: a\r\n" + fields); }
std::string target(const std::string& text) {
  return "GET " + text + " HTTP/1.1\r\nHost: a\r\n\r\n";
}
std::string chunked(const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}

// What `with_host("")` gives.
const std::string kPlain = "GET / HTTP/1.1 [a] keep | ";
const std::string kPost = "POST / HTTP/1.1 [a] keep";

const std::vector<Case>& request_line_cases() {
  static const std::vector<Case> cases = {
      {"Plain", with_host(""), kPlain},
      {"Http10", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0 [] | "},
      {"LeadingEmptyLine", "\r\n" + with_host(""), kPlain},
      {"MostLeadingEmptyLines", "\r\n\r\n\r\n" + with_host(""), kPlain},
      {"TooManyLeadingEmptyLines", "\r\n\r\n\r\n\r\n" + with_host(""), "400"},
      {"BareLfBehindAnEmptyLine", "\r\n\n" + with_host(""), "400"},
      {"BareCrBehindAnEmptyLine", "\r\n\rG" + with_host(""), "400"},
      {"LeadingBareLf", "\n" + with_host(""), "400"},
      {"LeadingBareCr", "\rG" + with_host(""), "400"},
      {"LeadingSpace", " " + with_host(""), "400"},
      {"OnlyAnEmptyLine", "\r\n", ""},
      {"TlsHandshake", "\x16\x03\x01\x02", "400"},
      {"NulFirst", "\0"s, "400"},
      {"CutInRequestLine", "GET / HT", "unfinished"},
      {"CutInFields", "GET / HTTP/1.1\r\nHost: a\r\n", "unfinished"},
      {"SimpleRequest", "GET /\r\n", "400"},
      {"NoTarget", "GET HTTP/1.1\r\n\r\n", "400"},
      {"OnlyMethod", "GET\r\n\r\n", "400"},
      {"EmptyTarget", "GET  HTTP/1.1\r\n\r\n", "400"},
      {"TwoSpaces", "GET /  HTTP/1.1\r\n\r\n", "400"},
      {"TrailingSpace", "GET / HTTP/1.1 \r\n\r\n", "400"},
      {"TabAsSpace", "GET\t/\tHTTP/1.1\r\n\r\n", "400"},
      {"BareLfLine", "GET / HTTP/1.1\nHost: a\r\n\r\n", "400"},
      {"CrInLine", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"DoubleCr", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "400"},
      {"Http12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", kPlain},
      {"Http19WithoutHost", "GET / HTTP/1.9\r\n\r\n", "400"},
      {"Http3", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505"},
      {"Http20", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
      {"Http09", "GET / HTTP/0.9\r\n\r\n", "505"},
      {"LowerCaseVersion", "GET / http/1.1\r\nHost: a\r\n\r\n", "400"},
      {"LongVersion", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", "400"},
      {"VersionWithoutMinor", "GET / HTTP/1\r\nHost: a\r\n\r\n", "400"},
      {"OtherProtocol", "GET / ICAP/1.0\r\nHost: a\r\n\r\n", "400"},
      {"MethodNotToken", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"MethodHighByte", "G\xc3T / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"AnyTokenMethod", "m-SEARCH! / HTTP/1.1\r\nHost: a\r\n\r\n",
       "m-SEARCH! / HTTP/1.1 [a] keep | "},
      {"Query", target("/a?b=%00&c"), "GET /a?b=%00&c HTTP/1.1 [a] keep | "},
      {"OddVisibleBytes", target("/\"<>\\^`{|}"), "GET /\"<>\\^`{|} HTTP/1.1 [a] keep | "},
      {"HighByteInTarget", target("/\xc3\xa9"), "400"},
      {"NulInTarget", target("/\0"s), "400"},
      {"DelInTarget", target("/\x7f"), "400"},
      {"FragmentInTarget", target("/a#b"), "400"},
      {"RelativeTarget", target("a"), "400"},
      {"Absolute", target("http://b/x?y"), "GET /x?y HTTP/1.1 [b] keep | "},
      {"AbsoluteUpperCase", target("HTTP://b:81/x"), "GET /x HTTP/1.1 [b:81] keep | "},
      {"AbsoluteHttps", target("https://[::1]:443/"), "GET / HTTP/1.1 [[::1]:443] keep | "},
      {"AbsoluteWithoutPath", target("http://b"), "GET / HTTP/1.1 [b] keep | "},
      {"AbsoluteQueryOnly", target("http://b?q=/"), "GET /?q=/ HTTP/1.1 [b] keep | "},
      {"AbsoluteWithoutHostField", "GET http://b/ HTTP/1.1\r\n\r\n", "400"},
      {"AbsoluteHttp10", "GET http://b/ HTTP/1.0\r\n\r\n", "GET / HTTP/1.0 [b] | "},
      {"AbsoluteUserInfo", target("http://u@b/"), "400"},
      {"AbsoluteEmptyAuthority", target("http:///x"), "400"},
      {"AbsoluteBadPort", target("http://b:x/"), "400"},
      {"AbsoluteOtherScheme", target("ftp://b/"), "400"},
      {"Asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1 [a] keep | "},
      {"AsteriskAsAbsolute", "OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n",
       "OPTIONS * HTTP/1.1 [b] keep | "},
      {"AsteriskForGet", target("*"), "400"},
      {"Connect", "CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n",
       "CONNECT b:443 HTTP/1.1 [b:443] keep | "},
      {"ConnectWithoutPort", "CONNECT b HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"ConnectToPath", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT / HTTP/1.1 [a] keep | "},
      {"ConnectToAnUrl", "CONNECT http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"Trace", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "TRACE / HTTP/1.1 [a] keep | "},
  };
  return cases;
}

const std::vector<Case>& field_cases() {
  static const std::vector<Case> cases = {
      {"EmptyValue", with_host("X:\r\n"), kPlain},
      {"TabsAroundValue", get("Host:\t a \t\r\n"), kPlain},
      {"ObsTextInValue", with_host("X: \xc3\xa9\r\n"), kPlain},
      {"NulInValue", with_host("X: a\0b\r\n"s), "400"},
      {"ControlInValue", with_host("X: a\x01"s + "b\r\n"), "400"},
      {"DelInValue", with_host("X: a\x7f\r\n"), "400"},
      {"CrInValue", with_host("X: a\rb\r\n"), "400"},
      {"CrAtEndOfValue", with_host("X: a\r\r\n"), "400"},
      {"BareLfInValue", with_host("X: a\nY: b\r\n"), "400"},
      {"BareLfEndsHead", "GET / HTTP/1.1\r\nHost: a\r\n\n", "400"},
      {"Folded", with_host("X: a\r\n b\r\n"), "400"},
      {"FoldedByTab", with_host("X: a\r\n\tb\r\n"), "400"},
      {"FoldedFirst", get(" Host: a\r\n"), "400"},
      {"SpaceBeforeColon", with_host("X : a\r\n"), "400"},
      {"SpaceInName", with_host("X Y: a\r\n"), "400"},
      {"EmptyName", with_host(": a\r\n"), "400"},
      {"NoColon", with_host("X\r\n"), "400"},
      {"HighByteInName", with_host("X\xc3: a\r\n"), "400"},
      {"NulInName", with_host("X\0: a\r\n"s), "400"},
      {"SlashInName", with_host("X/Y: a\r\n"), "400"},
      {"NoHost", get("X: a\r\n"), "400"},
      {"TwoHosts", with_host("host: a\r\n"), "400"},
      {"TwoHostsHttp10", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
      {"EmptyHost", get("Host:\r\n"), "400"},
      {"HostWithPort", get("HOST: a.b-c:8080\r\n"), "GET / HTTP/1.1 [a.b-c:8080] keep | "},
      {"HostList", get("Host: a, b\r\n"), "400"},
      {"HostWithPath", get("Host: a/b\r\n"), "400"},
      {"HostWithUser", get("Host: u@a\r\n"), "400"},
      {"HostQuote", get("Host: a\"b\r\n"), "400"},
      {"HostHighByte", get("Host: \xc3\xa9\r\n"), "400"},
      {"Close", with_host("Connection: close\r\n"), "GET / HTTP/1.1 [a] | "},
      {"CloseInList", with_host("Connection: x, CLOSE ,y\r\n"), "GET / HTTP/1.1 [a] | "},
      {"CloseInSecondField", with_host("Connection: keep-alive\r\nConnection: close\r\n"),
       "GET / HTTP/1.1 [a] | "},
      {"CloseIsAWord", with_host("Connection: closed\r\n"), kPlain},
      {"KeepAliveHttp10", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
       "GET / HTTP/1.0 [] keep | "},
      {"CloseWinsHttp10", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
       "GET / HTTP/1.0 [] | "},
      {"MalformedConnection", with_host("Connection: a b\r\n"), "400"},
      {"Expect", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\nx",
       kPost + " expect body=x | "},
      {"ExpectWithoutBody", with_host("Expect: 100-continue\r\n"), kPlain},
      {"ExpectHttp10", "POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx",
       "POST / HTTP/1.0 [] body=x | "},
      {"ExpectOther", with_host("Expect: 200-ok\r\n"), "417"},
      {"ExpectList", with_host("Expect: 100-continue, x\r\n"), "417"},
      {"MostFields", with_host("A:1\r\nB:1\r\nC:1\r\nD:1\r\nE:1\r\nF:1\r\nG:1\r\n"), kPlain},
      {"TooManyFields", with_host("A:1\r\nB:1\r\nC:1\r\nD:1\r\nE:1\r\nF:1\r\nG:1\r\nH:1\r\n"),
       "431"},
      {"LargestHead", with_host("X: " + std::string(kTestMaxHead - 32, 'x') + "\r\n"), kPlain},
      {"HeadTooLarge", with_host("X: " + std::string(kTestMaxHead - 31, 'x') + "\r\n"), "431"},
      {"TargetTooLong", "GET /" + std::string(kTestMaxHead, 'x'), "414"},
      {"TargetTooLongWithEnd",
       "GET /" + std::string(kTestMaxHead, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414"},
      {"MethodWithoutEnd", std::string(kTestMaxHead, 'x'), "431"},
      {"HeadWithoutEnd", "GET / HTTP/1.1\r\nA: " + std::string(kTestMaxHead, 'x'), "431"},
      {"BadLineInHeadTooLarge", with_host("X: a\nb" + std::string(kTestMaxHead, 'x')), "400"},
  };
  return cases;
}

const std::vector<Case>& body_cases() {
  static const std::vector<Case> cases = {
      {"Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
       kPost + " body=hello | "},
      {"LengthBehindLeadingEmptyLine",
       "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", kPost + " body=abc | "},
      {"LengthZero", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", kPost + " | "},
      {"LengthCut", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell",
       kPost + "unfinished"},
      {"LengthLeadingZeros", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 003\r\n\r\nabc",
       kPost + " body=abc | "},
      {"LengthLongest", with_host("Content-Length: 999999999999999999\r\n"),
       "GET / HTTP/1.1 [a] keepunfinished"},
      {"LengthTooLong", with_host("Content-Length: 0000000000000000001\r\n"), "400"},
      {"LengthOverflow", with_host("Content-Length: 18446744073709551617\r\n"), "400"},
      {"LengthEmpty", with_host("Content-Length:\r\n"), "400"},
      {"LengthPlus", with_host("Content-Length: +1\r\n"), "400"},
      {"LengthMinus", with_host("Content-Length: -1\r\n"), "400"},
      {"LengthHex", with_host("Content-Length: 0x1\r\n"), "400"},
      {"LengthSpaceInside", with_host("Content-Length: 1 1\r\n"), "400"},
      {"LengthList", with_host("Content-Length: 1, 1\r\n"), "400"},
      {"LengthListWithEmpty", with_host("Content-Length: 1,\r\n"), "400"},
      {"LengthTwiceEqual", with_host("Content-Length: 1\r\nContent-Length: 1\r\n"), "400"},
      {"LengthTwiceZero", with_host("Content-Length: 0\r\nContent-Length: 0\r\n"), "400"},
      {"LengthTwiceDifferent", with_host("Content-Length: 1\r\nContent-Length: 2\r\n"), "400"},
      {"LengthAndChunked", with_host("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), "400"},
      {"ChunkedAndLength", with_host("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), "400"},
      {"IdentityAndLength", with_host("Transfer-Encoding: identity\r\nContent-Length: 1\r\n"),
       "400"},
      {"CodingUnknown", with_host("Transfer-Encoding: xchunked\r\n"), "400"},
      {"CodingGzip", with_host("Transfer-Encoding: gzip, chunked\r\n"), "400"},
      {"CodingBehindChunked", with_host("Transfer-Encoding: chunked, gzip\r\n"), "400"},
      {"CodingEmpty", with_host("Transfer-Encoding:\r\n"), "400"},
      {"CodingQuoted", with_host("Transfer-Encoding: \"chunked\"\r\n"), "400"},
      {"CodingParameter", with_host("Transfer-Encoding: chunked;q=1\r\n"), "400"},
      {"CodingVerticalTab", with_host("Transfer-Encoding: \vchunked\r\n"), "400"},
      {"ChunkedTwice", with_host("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       "400"},
      {"ChunkedTwiceInList", with_host("Transfer-Encoding: chunked, chunked\r\n"), "400"},
      {"ChunkedHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"ChunkedAnyCase",
       "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n", kPost + " | "},
      {"Chunks", chunked("5\r\nhello\r\n00A;x=y\r\n0123456789\r\n0\r\n\r\n"),
       kPost + " body=hello0123456789 | "},
      {"LargestChunks", chunked("f\r\n0123456789abcde\r\n1\r\nf\r\n0\r\n\r\n"),
       kPost + " body=0123456789abcdef | "},
      {"ChunksTooLargeInSum", chunked("f\r\n0123456789abcde\r\n2\r\n"),
       kPost + " body=0123456789abcde 413"},
      {"ChunkTooLarge", chunked("11\r\n"), kPost + "413"},
      {"ChunkFarTooLarge", chunked("ffffffffffffffff\r\n"), kPost + "413"},
      {"ChunksCut", chunked("5\r\nhello\r\n0\r\n"), kPost + "unfinished"},
      {"Trailers", chunked("1\r\na\r\n0\r\nHost: b\r\nContent-Length: 9\r\n\r\n"),
       kPost + " body=a | "},
      {"BadTrailer", chunked("0\r\nX : a\r\n\r\n"), kPost + "400"},
      {"ChunkWithoutCrlf", chunked("1\r\nab\r\n0\r\n\r\n"), kPost + " body=a 400"},
      {"ChunkSizeBareLf", chunked("1\na\r\n0\r\n\r\n"), kPost + "400"},
      {"Pipelined", with_host("") + chunked("1\r\na\r\n0\r\n\r\n") + "\r\n" + target("/2"),
       kPlain + kPost + " body=a | GET /2 HTTP/1.1 [a] keep | "},
      {"PipelinedBehindLength",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nGET" + target("/2"),
       kPost + " body=GET | GET /2 HTTP/1.1 [a] keep | "},
      {"PipelinedThenBad", with_host("") + "\x16", kPlain + "400"},
      {"PipelinedThenCut", with_host("") + "G", kPlain + "unfinished"},
  };
  return cases;
}

// Every case whole, byte by byte, and cut in two at each place: the same outcome.
void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(outcome(c.bytes, {}), c.expected);
    std::vector<size_t> each_byte;
    for (size_t i = 1; i < c.bytes.size(); ++i) {
      each_byte.push_back(i);
      ASSERT_EQ(outcome(c.bytes, {i}), c.expected) << "cut at " << i;
    }
    EXPECT_EQ(outcome(c.bytes, each_byte), c.expected) << "byte by byte";
  }
}

TEST(Http1RequestParser, JudgesRequestLines) { check(request_line_cases()); }
TEST(Http1RequestParser, JudgesFields) { check(field_cases()); }
TEST(Http1RequestParser, JudgesBodiesAndWhatFollowsThem) { check(body_cases()); }

TEST(Http1RequestParser, HandsOnFieldsInOrderAsViewsIntoTheInput) {
  std::string bytes = with_host("X-One:  1 \r\nx-two: b c\r\nX-One: 3\r\n");
  Http1RequestParser parser({});
  Step step = parser.step(bytes);
  ASSERT_EQ(step.event, Event::kHead);
  EXPECT_EQ(step.consumed, bytes.size());
  const RequestHead& head = parser.head();
  ASSERT_EQ(head.fields.size(), 4u);
  EXPECT_EQ(head.fields[1].name, "X-One");
  EXPECT_EQ(head.fields[1].value, "1");
  EXPECT_EQ(head.fields[2].name, "x-two");
  EXPECT_EQ(head.fields[2].value, "b c");
  EXPECT_EQ(head.fields[3].value, "3");
  for (const Field& field : head.fields) {
    EXPECT_GE(field.name.data(), bytes.data());
    EXPECT_LE(field.value.data() + field.value.size(), bytes.data() + bytes.size());
  }
}

TEST(Http1RequestParser, ReusesItsMemoryForTheNextRequest) {
  Http1RequestParser parser({});
  std::string bytes = with_host("A: 1\r\nB: 2\r\n");
  const Field* memory = nullptr;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(parser.step(bytes).event, Event::kHead);
    EXPECT_EQ(parser.head().fields.size(), 3u);
    if (i > 0) {
      EXPECT_EQ(parser.head().fields.data(), memory);
    }
    memory = parser.head().fields.data();
    ASSERT_EQ(parser.step("").event, Event::kEnd);
    parser.next_request();
  }
}

TEST(Http1RequestParser, SaysWhetherAHeadHasBegun) {
  Http1RequestParser parser({});
  EXPECT_FALSE(parser.head_begun());
  EXPECT_EQ(parser.step("\r\n").consumed, 2u);
  EXPECT_FALSE(parser.head_begun());
  parser.step("G");
  EXPECT_TRUE(parser.head_begun());
  parser.step(with_host(""));
  parser.step("");
  parser.next_request();
  EXPECT_FALSE(parser.head_begun());
}

}  // namespace
}  // namespace howdah::http

// Files as answers: ranges, precompressed neighbours, and files that a script names.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "serve/limits.h"
#include "serve/serve_fixture.h"

namespace howdah::serve {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ExchangeFileTest : public ServeTest {
 protected:
  ExchangeFileTest() {
    put("ten.txt", "0123456789");
    large_.reserve(kLarge);
    while (large_.size() < kLarge) large_ += static_cast<char>('a' + large_.size() % 23);
    put("large.bin", large_);
  }

  std::string get_with(std::string_view path, std::string_view fields,
                       std::string_view method = "GET") {
    if (!client_) connect();
    return ask(std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" +
               std::string(fields) + "\r\n");
  }
  static std::string field(const std::string& answer, std::string_view name) {
    size_t at = answer.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return "(none)";
    at += name.size() + 4;
    return answer.substr(at, answer.find("\r\n", at) - at);
  }
  void set_time(const std::string& name, time_t seconds) {
    timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (root_ + "/" + name).c_str(), times, 0), 0);
  }
  // A script answers with these fields, and prints something.
  std::string script_says(FakeQueue::Head head, std::string_view fields = "",
                          std::string_view method = "GET") {
    if (!client_) connect();
    send(std::string(method) + " /app.php HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n");
    queue_.say(&head, "printed", FakeQueue::kEnd);
    return receive();
  }

  static constexpr size_t kLarge = 300000;  // more than is kept in memory
  std::string large_;
};

TEST_F(ExchangeFileTest, SendsARange) {
  for (const char* path : {"/ten.txt", "/large.bin"}) {
    std::string answer = get_with(path, "Range: bytes=2-4\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 206 Partial Content\r\n")) << path;
    EXPECT_EQ(body_of(answer), std::string(path) == "/ten.txt" ? "234" : large_.substr(2, 3));
    EXPECT_EQ(field(answer, "Content-Length"), "3");
    EXPECT_THAT(field(answer, "Content-Range"), StartsWith("bytes 2-4/"));
    EXPECT_EQ(field(answer, "Accept-Ranges"), "bytes");
    EXPECT_THAT(answer, HasSubstr("\r\nETag: "));
    EXPECT_THAT(answer, HasSubstr("\r\nLast-Modified: "));
  }
  std::string tail = get_with("/large.bin", "Range: bytes=100000-\r\n");
  EXPECT_EQ(body_of(tail), large_.substr(100000));
}

TEST_F(ExchangeFileTest, SaysThatItTakesRanges) {
  EXPECT_EQ(field(get_with("/ten.txt", ""), "Accept-Ranges"), "bytes");
  std::string head = get_with("/ten.txt", "Range: bytes=2-4\r\n", "HEAD");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n")) << "ranges are GET's";
  EXPECT_EQ(field(head, "Content-Length"), "10");
}

TEST_F(ExchangeFileTest, RefusesARangeThatDoesNotExist) {
  std::string answer = get_with("/ten.txt", "Range: bytes=10-\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 416 "));
  EXPECT_EQ(field(answer, "Content-Range"), "bytes */10");
  EXPECT_THAT(body_of(get_with("/ten.txt", "")), "0123456789") << "the connection goes on";
}

TEST_F(ExchangeFileTest, PrefersConditionsToRanges) {
  std::string etag = field(get_with("/ten.txt", ""), "ETag");
  EXPECT_THAT(get_with("/ten.txt", "Range: bytes=90-\r\nIf-None-Match: " + etag + "\r\n"),
              StartsWith("HTTP/1.1 304 "));
  EXPECT_THAT(get_with("/ten.txt", "Range: bytes=90-\r\nIf-Match: \"x\"\r\n"),
              StartsWith("HTTP/1.1 412 "));
  EXPECT_THAT(get_with("/ten.txt", "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n"),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get_with("/ten.txt", "Range: bytes=0-1\r\nIf-Range: " + etag + "\r\n"),
              StartsWith("HTTP/1.1 206 "));
}

TEST_F(ExchangeFileTest, SendsSeveralRangesInOneBody) {
  for (const char* path : {"/ten.txt", "/large.bin"}) {
    bool small = std::string(path) == "/ten.txt";
    std::string content = small ? "0123456789" : large_;
    std::string size = std::to_string(content.size());
    std::string answer = get_with(path, "Range: bytes=0-1,5-6, -1\r\n");
    ASSERT_THAT(answer, StartsWith("HTTP/1.1 206 ")) << path;
    std::string type = field(answer, "Content-Type");
    ASSERT_THAT(type, StartsWith("multipart/byteranges; boundary="));
    EXPECT_EQ(field(answer.substr(0, answer.find("\r\n\r\n")), "Content-Range"), "(none)");
    std::string boundary = type.substr(type.find('=') + 1);
    std::string part_type = small ? "text/plain; charset=utf-8" : "application/octet-stream";
    auto part = [&](size_t from, size_t to) {
      return "\r\n--" + boundary + "\r\nContent-Type: " + part_type + "\r\nContent-Range: bytes " +
             std::to_string(from) + "-" + std::to_string(to) + "/" + size + "\r\n\r\n" +
             content.substr(from, to - from + 1);
    };
    size_t last = content.size() - 1;
    EXPECT_EQ(body_of(answer),
              part(0, 1) + part(5, 6) + part(last, last) + "\r\n--" + boundary + "--\r\n");
    EXPECT_EQ(field(answer, "Content-Length"), std::to_string(body_of(answer).size()));
  }
  EXPECT_EQ(body_of(get_with("/ten.txt", "")), "0123456789") << "the connection goes on";
}

TEST_F(ExchangeFileTest, SendsSeveralLargeRangesAtTheClientsPace) {
  std::string huge(8 << 20, 'h');
  put("huge.bin", huge);
  connect();
  send("GET /huge.bin HTTP/1.1\r\nHost: h\r\nRange: bytes=0-4194303,4194305-\r\n\r\n");
  std::string answer;
  for (int turns = 0; turns < 1000; ++turns) {
    answer += receive();
    if (answer.ends_with("--\r\n")) break;
    pass(10 * base::kMillisecond);
  }
  EXPECT_EQ(field(answer, "Content-Length"), std::to_string(body_of(answer).size()));
  EXPECT_EQ(std::count(answer.begin(), answer.end(), 'h') > (8 << 20) - 2, true);
  EXPECT_EQ(observer_.exchanges.back().status, 206);
}

TEST_F(ExchangeFileTest, EndsTheConnectionWhenAFileIsCutWhileItIsSent) {
  for (const char* range : {"", "Range: bytes=1-\r\n", "Range: bytes=0-3145727,3145729-\r\n"}) {
    put("huge.bin", std::string(8 << 20, 'h'));
    connect();
    closed_ = false;
    send("GET /huge.bin HTTP/1.1\r\nHost: h\r\n" + std::string(range) + "\r\n");
    std::filesystem::resize_file(root_ + "/huge.bin", 1 << 20);
    std::string answer;
    for (int turns = 0; turns < 1000 && !closed_; ++turns) {
      answer += receive();
      pass(10 * base::kMillisecond);
    }
    EXPECT_TRUE(closed_) << range;
    EXPECT_LT(body_of(answer).size(), std::stoull(field(answer, "Content-Length"))) << range;
  }
}

TEST_F(ExchangeFileTest, SendsRangesBeyondFourGibibytes) {
  put("sparse.bin", "");
  constexpr uint64_t kSize = (uint64_t{5} << 30) + 3;
  std::filesystem::resize_file(root_ + "/sparse.bin", kSize);
  std::fstream(root_ + "/sparse.bin", std::ios::in | std::ios::out).seekp(kSize - 3) << "end";
  std::string answer = get_with("/sparse.bin", "Range: bytes=5368709119-\r\n");
  EXPECT_EQ(body_of(answer), std::string("\0end", 4));
  EXPECT_EQ(field(answer, "Content-Range"), "bytes 5368709119-5368709122/5368709123");
  EXPECT_EQ(field(get_with("/sparse.bin", "", "HEAD"), "Content-Length"), "5368709123");
}

// --- precompressed neighbours

TEST_F(ExchangeFileTest, SendsAPrecompressedNeighbour) {
  put("a.js", "plain");
  put("a.js.br", "as brotli");
  put("a.js.gz", "as gzip");
  std::string answer = get_with("/a.js", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(body_of(answer), "as brotli");
  EXPECT_EQ(field(answer, "Content-Encoding"), "br");
  EXPECT_EQ(field(answer, "Vary"), "Accept-Encoding");
  EXPECT_EQ(field(answer, "Content-Type"), "application/javascript; charset=utf-8");
  EXPECT_EQ(body_of(get_with("/a.js", "Accept-Encoding: gzip, br;q=0.5\r\n")), "as gzip");
  std::string plain = get_with("/a.js", "");
  EXPECT_EQ(body_of(plain), "plain");
  EXPECT_EQ(field(plain, "Content-Encoding"), "(none)");
  EXPECT_EQ(field(plain, "Vary"), "Accept-Encoding") << "a cache must know";
  EXPECT_NE(field(plain, "ETag"), field(answer, "ETag"));
  put("a.png", "picture");
  EXPECT_EQ(field(get_with("/a.png", ""), "Vary"), "(none)");
}

TEST_F(ExchangeFileTest, TakesNeighboursInTheOrderOfItsOptions) {
  options_.compression = {{base::ContentCoding::kGzip, base::ContentCoding::kBrotli}, 2};
  put("a.js", "plain");
  put("a.js.br", "as brotli");
  put("a.js.zst", "as zstd");
  put("a.js.gz", "as gzip");
  EXPECT_EQ(body_of(get_with("/a.js", "Accept-Encoding: br, zstd, gzip\r\n")), "as gzip");
  EXPECT_EQ(body_of(get_with("/a.js", "Accept-Encoding: zstd\r\n")), "plain");
}

TEST_F(ExchangeFileTest, GivesANeighbourAnEntityTagOfItsOwn) {
  put("a.js", "12345");
  put("a.js.gz", "abcde");
  set_time("a.js", 1000000000);
  set_time("a.js.gz", 1000000000);
  std::string plain = field(get_with("/a.js", ""), "ETag");
  std::string encoded = field(get_with("/a.js", "Accept-Encoding: gzip\r\n"), "ETag");
  EXPECT_NE(plain, encoded) << "of the same size and time";
  auto with_tag = [&](const std::string& tag) {
    return get_with("/a.js", "Accept-Encoding: gzip\r\nIf-None-Match: " + tag + "\r\n");
  };
  EXPECT_THAT(with_tag(plain), StartsWith("HTTP/1.1 200 "));
  std::string unchanged = with_tag(encoded);
  EXPECT_THAT(unchanged, StartsWith("HTTP/1.1 304 "));
  EXPECT_EQ(field(unchanged, "Vary"), "Accept-Encoding");
}

TEST_F(ExchangeFileTest, TakesRangesOfWhatItSends) {
  put("a.js", "plain");
  put("a.js.gz", "0123456789");
  std::string answer = get_with("/a.js", "Accept-Encoding: gzip\r\nRange: bytes=2-3\r\n");
  EXPECT_EQ(body_of(answer), "23");
  EXPECT_EQ(field(answer, "Content-Range"), "bytes 2-3/10");
  EXPECT_EQ(field(answer, "Content-Encoding"), "gzip");
}

// --- files that a script names

TEST_F(ExchangeFileTest, SendsTheFileAScriptNames) {
  put("private/report.pdf", "the report");
  std::string answer = script_says({200,
                                    {{"X-Accel-Redirect", "/private/report.pdf?x=1"},
                                     {"Content-Type", "application/x-own"},
                                     {"Content-Disposition", "attachment"},
                                     {"Set-Cookie", "a=1"},
                                     {"Set-Cookie", "b=2"},
                                     {"Cache-Control", "private"},
                                     {"ETag", "\"script\""},
                                     {"Content-Length", "7"},
                                     {"X-Other", "dropped"}}});
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(body_of(answer), "the report");
  EXPECT_EQ(field(answer, "Content-Type"), "application/x-own");
  EXPECT_EQ(field(answer, "Content-Disposition"), "attachment");
  EXPECT_EQ(field(answer, "Cache-Control"), "private");
  EXPECT_EQ(field(answer, "Content-Length"), "10");
  EXPECT_THAT(answer, HasSubstr("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("script")));
  EXPECT_THAT(answer, Not(HasSubstr("X-Other")));
  EXPECT_THAT(answer, Not(HasSubstr("X-Accel")));
  EXPECT_EQ(body_of(get_with("/ten.txt", "")), "0123456789") << "the connection goes on";
}

TEST_F(ExchangeFileTest, AddsNoCachingToAFileThatAScriptNames) {
  std::string answer = script_says({200, {{"X-Accel-Redirect", "/ten.txt"}}});
  EXPECT_EQ(field(answer, "Cache-Control"), "(none)");
  EXPECT_EQ(field(answer, "Content-Type"), "text/plain; charset=utf-8") << "by its name";
}

TEST_F(ExchangeFileTest, TakesConditionsAndRangesOfANamedFile) {
  FakeQueue::Head head{200, {{"X-Accel-Redirect", "/ten.txt"}}};
  EXPECT_EQ(body_of(script_says(head, "Range: bytes=2-4\r\n")), "234");
  EXPECT_THAT(script_says(head, "Range: bytes=20-\r\n"), StartsWith("HTTP/1.1 416 "));
  std::string etag = field(script_says(head), "ETag");
  EXPECT_THAT(script_says(head, "If-None-Match: " + etag + "\r\n"), StartsWith("HTTP/1.1 304 "));
  std::string answer = script_says(head, "", "HEAD");
  EXPECT_EQ(field(answer, "Content-Length"), "10");
  EXPECT_EQ(body_of(answer), "");
  EXPECT_EQ(body_of(script_says(head, "If-None-Match: *\r\n", "POST")), "0123456789");
}

TEST_F(ExchangeFileTest, NamesFilesByPathToo) {
  auto named = [&](const std::string& path) { return script_says({200, {{"X-Sendfile", path}}}); };
  EXPECT_EQ(body_of(named(root_ + "/ten.txt")), "0123456789");
  EXPECT_EQ(body_of(named(root_ + "/private/../ten.txt")), "0123456789");
  put("a%20b.txt", "as it is");
  EXPECT_EQ(body_of(named(root_ + "/a%20b.txt")), "as it is");
  for (const std::string& path :
       {std::string("/etc/hostname"), std::string("/etc/passwd"), root_, root_ + "/",
        root_ + "/../../etc/passwd", root_ + "x/ten.txt", std::string("ten.txt"), std::string()}) {
    EXPECT_THAT(named(path), StartsWith("HTTP/1.1 404 ")) << path;
  }
}

TEST_F(ExchangeFileTest, NeverSendsSourceThatAScriptNames) {
  put("lib.inc", "source");
  put(".env", "secret");
  put("UPPER.PHP", "source");
  put("folder/x.txt", "x");
  for (const char* uri :
       {"/app.php", "/lib.inc", "/.env", "/UPPER.PHP", "/%2eenv", "/app%2ephp", "/folder",
        "/folder/", "/nothing.txt", "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
        "/ten.txt%00", "/%zz", "ten.txt", "@named", "http://h/ten.txt", ""}) {
    std::string answer = script_says({200, {{"X-Accel-Redirect", uri}}});
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 ")) << uri;
    EXPECT_THAT(answer, Not(HasSubstr("printed"))) << uri;
  }
}

TEST_F(ExchangeFileTest, LooksForNamedFilesBelowTheirOwnRoot) {
  options_.sendfile_root = root_ + "/store";
  put("store/file.txt", "from the store");
  EXPECT_EQ(body_of(script_says({200, {{"X-Accel-Redirect", "/file.txt"}}})), "from the store");
  EXPECT_THAT(script_says({200, {{"X-Accel-Redirect", "/ten.txt"}}}), StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(body_of(script_says({200, {{"X-Sendfile", root_ + "/store/file.txt"}}})),
            "from the store");
  EXPECT_EQ(body_of(script_says({200, {{"X-Sendfile", root_ + "/ten.txt"}}})), "0123456789");
}

TEST_F(ExchangeFileTest, WaitsForTheScriptThatNamesAFile) {
  connect();
  send("GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  FakeQueue::Head head{200, {{"X-Accel-Redirect", "/ten.txt"}}};
  queue_.say(&head, std::string(1 << 20, 'p'), FakeQueue::kFlush);
  EXPECT_EQ(receive(), "");
  queue_.say(nullptr, "more", FakeQueue::kEnd);
  EXPECT_EQ(body_of(receive()), "0123456789");
}

TEST_F(ExchangeFileTest, SendsNoFileWhenTheScriptThatNamedItDies) {
  connect();
  send("GET /app.php HTTP/1.1\r\nHost: h\r\n\r\n");
  FakeQueue::Head head{200, {{"X-Accel-Redirect", "/ten.txt"}}};
  queue_.say(&head, "", FakeQueue::kNone);
  queue_.lose(pool::Loss::kWorkerDied);
  EXPECT_THAT(receive(), StartsWith("HTTP/1.1 502 "));
}

}  // namespace
}  // namespace howdah::serve

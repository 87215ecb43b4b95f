#include "http/http1_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "base/buffer.h"

namespace howdah::http {
namespace {

template <class Out>
void write_answer(Out& out) {
  append_status_line(out, 404);
  append_field(out, "Content-Type", "text/plain");
  append_field(out, "Content-Length", uint64_t{18446744073709551615u});
  out.append(kHeadEnd);
}

constexpr std::string_view kAnswer =
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"
    "Content-Length: 18446744073709551615\r\n\r\n";

TEST(Http1Writer, WritesAHeadToStringAndBuffer) {
  std::string text;
  write_answer(text);
  EXPECT_EQ(text, kAnswer);
  base::Buffer buffer;
  write_answer(buffer);
  EXPECT_EQ(buffer.view(), kAnswer);
}

TEST(Http1Writer, TakesAReasonOrTheRegisteredOneOrNone) {
  std::string text;
  append_status_line(text, 200);
  append_status_line(text, 200, "Fine");
  append_status_line(text, 799);
  EXPECT_EQ(text, "HTTP/1.1 200 OK\r\nHTTP/1.1 200 Fine\r\nHTTP/1.1 799 \r\n");
}

TEST(Http1Writer, FramesChunks) {
  std::string text;
  append_chunk_header(text, 0x1f);
  EXPECT_EQ(text, "1f\r\n");
  EXPECT_EQ(std::string(kChunkEnd) + std::string(kLastChunk), "\r\n0\r\n\r\n");
}

}  // namespace
}  // namespace howdah::http

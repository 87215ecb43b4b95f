#include "http/chunked_decoder.h"

#include <gtest/gtest.h>

#include <string>

namespace howdah::http {
namespace {

constexpr Http1Limits kLimits = {
    .max_chunk_extension = 16, .max_chunk_extension_total = 20, .max_trailer = 16};

// The body, then "." when it ended and the number of bytes left, or the status of the refusal.
std::string decode(std::string_view bytes) {
  ChunkedDecoder decoder(kLimits);
  std::string body;
  for (;;) {
    Step step = decoder.step(bytes);
    body += step.body;
    bytes.remove_prefix(step.consumed);
    if (step.event == Event::kNeedMore) return body;
    if (step.event == Event::kEnd) return body + "." + std::to_string(bytes.size());
    if (step.event == Event::kError) return body + std::to_string(decoder.refusal().status);
  }
}

TEST(ChunkedDecoder, DecodesAndLeavesWhatFollows) {
  EXPECT_EQ(decode("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET"), "abcde.3");
  EXPECT_EQ(decode("0\r\n\r\n"), ".0");
  EXPECT_EQ(decode("000\r\n\r\n"), ".0");
  EXPECT_EQ(decode("0000000000000001\r\na\r\n0\r\n\r\n"), "a.0");
}

TEST(ChunkedDecoder, RefusesBadSizes) {
  for (const char* line : {"", "g", "-1", "+1", " 1", "0x1", "1 ", "1\t", ",1", "1,"}) {
    EXPECT_EQ(decode(std::string(line) + "\r\na\r\n0\r\n\r\n"), "400") << line;
  }
  EXPECT_EQ(decode("00000000000000001\r\na\r\n"), "400") << "17 digits";
  EXPECT_EQ(decode("10000000000000000\r\na\r\n"), "400") << "overflow";
  EXPECT_EQ(decode("ffffffffffffffff\r\na"), "a") << "the largest";
}

TEST(ChunkedDecoder, RefusesBadLineEnds) {
  EXPECT_EQ(decode("1\na\r\n0\r\n\r\n"), "400");
  EXPECT_EQ(decode("1\r\r\na\r\n0\r\n\r\n"), "400");
  EXPECT_EQ(decode("1\r\na\n0\r\n\r\n"), "a400");
  EXPECT_EQ(decode("1\r\na0\r\n\r\n"), "a400");
  EXPECT_EQ(decode("1\r\na\rx0\r\n\r\n"), "a400");
  EXPECT_EQ(decode("0\r\n\n"), "400");
  EXPECT_EQ(decode("\n"), "400");
}

TEST(ChunkedDecoder, ChecksExtensions) {
  for (const char* good : {";a", ";a=b", " ; a = b", ";a=\"x;y\"", ";a=\"\\\"\"", ";a;b=c"}) {
    EXPECT_TRUE(valid_chunk_extensions(good)) << good;
  }
  for (const char* bad : {" ", ";", ";=b", ";a=", ";a b", "a", ";a=\"x", ";a=\"\\", ";a=b c", ";a ",
                          ";a\rb", ";a=\"\x01\"", ";a=\"x\"y"}) {
    EXPECT_FALSE(valid_chunk_extensions(bad)) << bad;
  }
  EXPECT_FALSE(valid_chunk_extensions(std::string_view(";a=\"\0\"", 6)));
}

TEST(ChunkedDecoder, LimitsExtensions) {
  EXPECT_EQ(decode("1;234567890123456\r\na\r\n0\r\n\r\n"), "a.0");
  EXPECT_EQ(decode("1;2345678901234567\r\na\r\n0\r\n\r\n"), "400");
  EXPECT_EQ(decode("1;" + std::string(64, 'x')), "400") << "without waiting for its end";
  EXPECT_EQ(decode("1;2345678\r\na\r\n1;2345678\r\nb\r\n1;2345678\r\n"), "ab400") << "in sum";
}

TEST(ChunkedDecoder, ChecksLimitsAndDropsTrailers) {
  EXPECT_EQ(decode("0\r\nA: b\r\n\r\n"), ".0");
  EXPECT_EQ(decode("0\r\nA: 0123456789\r\n\r\n"), "431") << "17 bytes with the empty line";
  EXPECT_EQ(decode("0\r\nA: 012345678\r\n\r\n"), ".0") << "16 bytes";
  EXPECT_EQ(decode("0\r\nA: " + std::string(16, 'x')), "431") << "without waiting for its end";
  EXPECT_EQ(decode("0\r\nA\r\n\r\n"), "400");
  EXPECT_EQ(decode("0\r\nA : b\r\n\r\n"), "400");
  EXPECT_EQ(decode("0\r\n: b\r\n\r\n"), "400");
  EXPECT_EQ(decode("0\r\nA: b\r\n c\r\n\r\n"), "400");
  EXPECT_EQ(decode("0\r\nA: \x01\r\n\r\n"), "400");
}

}  // namespace
}  // namespace howdah::http

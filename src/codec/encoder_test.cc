#include "codec/encoder.h"

#include <brotli/decode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace howdah::codec {
namespace {

using base::ContentCoding;

constexpr size_t kRoom = 1024;

// What a decoder gets out of `encoded`, and whether that is a whole body.
struct Decoded {
  std::string text;
  bool whole = false;
};

Decoded decode_brotli(std::string_view encoded) {
  Decoded decoded;
  BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  auto* in = reinterpret_cast<const uint8_t*>(encoded.data());
  size_t left = encoded.size();
  BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
  while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT || BrotliDecoderHasMoreOutput(state)) {
    uint8_t buffer[4096];
    uint8_t* out = buffer;
    size_t room = sizeof buffer;
    result = BrotliDecoderDecompressStream(state, &left, &in, &room, &out, nullptr);
    decoded.text.append(reinterpret_cast<char*>(buffer), sizeof buffer - room);
  }
  decoded.whole = result == BROTLI_DECODER_RESULT_SUCCESS && left == 0;
  BrotliDecoderDestroyInstance(state);
  return decoded;
}

Decoded decode_zstd(std::string_view encoded) {
  Decoded decoded;
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ZSTD_inBuffer in{encoded.data(), encoded.size(), 0};
  for (;;) {
    char buffer[4096];
    ZSTD_outBuffer out{buffer, sizeof buffer, 0};
    size_t result = ZSTD_decompressStream(context, &out, &in);
    EXPECT_FALSE(ZSTD_isError(result)) << ZSTD_getErrorName(result);
    decoded.text.append(buffer, out.pos);
    decoded.whole = result == 0 && in.pos == in.size;
    if (ZSTD_isError(result) || decoded.whole) break;
    if (in.pos == in.size && out.pos < out.size) break;
  }
  ZSTD_freeDCtx(context);
  return decoded;
}

Decoded decode_gzip(std::string_view encoded) {
  Decoded decoded;
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(encoded.data()));
  stream.avail_in = static_cast<uInt>(encoded.size());
  for (;;) {
    char buffer[4096];
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    int result = inflate(&stream, Z_NO_FLUSH);
    decoded.text.append(buffer, sizeof buffer - stream.avail_out);
    decoded.whole = result == Z_STREAM_END && stream.avail_in == 0;
    if (result != Z_OK || stream.avail_out > 0) break;
  }
  inflateEnd(&stream);
  return decoded;
}

Decoded decode(ContentCoding coding, std::string_view encoded) {
  switch (coding) {
    case ContentCoding::kBrotli:
      return decode_brotli(encoded);
    case ContentCoding::kZstd:
      return decode_zstd(encoded);
    case ContentCoding::kGzip:
      return decode_gzip(encoded);
    case ContentCoding::kIdentity:
      break;
  }
  return {};
}

std::string random_bytes(size_t size) {
  std::mt19937_64 random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string text_of(size_t size) {
  std::string text;
  for (uint64_t i = 0; text.size() < size; ++i) {
    text += "<li class=\"entry\">" + std::to_string(i * i) + " items</li>\n";
  }
  text.resize(size);
  return text;
}

using Parameters = std::tuple<ContentCoding, Effort>;

class EncoderTest : public testing::TestWithParam<Parameters> {
 protected:
  ContentCoding coding() const { return std::get<0>(GetParam()); }
  std::unique_ptr<Encoder> make() const { return make_encoder(coding(), std::get<1>(GetParam())); }
  // Appends what comes out, and counts the pieces that are larger than they may be.
  bool feed(Encoder& encoder, std::string_view input, Until until, std::string& out,
            size_t room_size = kRoom) const {
    std::vector<char> room(room_size);
    return encode_all(encoder, input, until, room, [&](std::string_view piece) {
      EXPECT_LE(piece.size(), room_size);
      out += piece;
      return true;
    });
  }
  void expect_round_trip(Encoder& encoder, std::string_view text, size_t room = kRoom) const {
    ASSERT_TRUE(encoder.begin());
    std::string encoded;
    ASSERT_TRUE(feed(encoder, text, Until::kFinished, encoded, room));
    Decoded decoded = decode(coding(), encoded);
    EXPECT_TRUE(decoded.whole);
    EXPECT_TRUE(decoded.text == text) << decoded.text.size() << " of " << text.size();
  }
};

TEST_P(EncoderTest, RoundTripsBodiesOfAllKinds) {
  auto encoder = make();
  for (const std::string& text : {std::string(), std::string("a"), text_of(300), text_of(5000),
                                  random_bytes(70'000), std::string(1 << 20, 'x')}) {
    expect_round_trip(*encoder, text);
  }
}

TEST_P(EncoderTest, MakesTextSmaller) {
  auto encoder = make();
  ASSERT_TRUE(encoder->begin());
  std::string encoded;
  ASSERT_TRUE(feed(*encoder, text_of(20'000), Until::kFinished, encoded));
  EXPECT_LT(encoded.size(), 20'000u / 3);
}

TEST_P(EncoderTest, RoundTripsABodyLargerThanItsWindow) {
  auto encoder = make();
  std::string text = text_of(4 << 20) + random_bytes(1 << 19);
  expect_round_trip(*encoder, text, 64 << 10);
}

TEST_P(EncoderTest, NeedsLittleRoom) {
  auto encoder = make();
  expect_round_trip(*encoder, text_of(3000), kSmallestRoom);
  expect_round_trip(*encoder, random_bytes(3000), kSmallestRoom + 1);
}

TEST_P(EncoderTest, TakesABodyInPieces) {
  auto encoder = make();
  std::string text = text_of(100'000);
  ASSERT_TRUE(encoder->begin());
  std::string encoded;
  for (size_t at = 0; at < text.size(); at += 333) {
    ASSERT_TRUE(feed(*encoder, std::string_view(text).substr(at, 333), Until::kLater, encoded));
  }
  ASSERT_TRUE(feed(*encoder, {}, Until::kFinished, encoded));
  Decoded decoded = decode(coding(), encoded);
  EXPECT_TRUE(decoded.whole);
  EXPECT_TRUE(decoded.text == text);
}

TEST_P(EncoderTest, AFlushMakesEverythingSoFarDecodable) {
  auto encoder = make();
  for (size_t room : {kSmallestRoom, kSmallestRoom + 1, kRoom}) {
    ASSERT_TRUE(encoder->begin());
    std::string text;
    std::string encoded;
    for (int i = 0; i < 20; ++i) {
      std::string piece = i % 3 == 0 ? random_bytes(700) : "event " + std::to_string(i) + "\n";
      text += piece;
      ASSERT_TRUE(feed(*encoder, piece, Until::kFlushed, encoded, room));
      Decoded decoded = decode(coding(), encoded);
      EXPECT_TRUE(decoded.text == text) << i;
      EXPECT_FALSE(decoded.whole);
    }
    ASSERT_TRUE(feed(*encoder, {}, Until::kFinished, encoded, room));
    Decoded decoded = decode(coding(), encoded);
    EXPECT_TRUE(decoded.text == text);
    EXPECT_TRUE(decoded.whole);
  }
}

TEST_P(EncoderTest, AFlushOfNothingIsHarmless) {
  auto encoder = make();
  ASSERT_TRUE(encoder->begin());
  std::string encoded;
  ASSERT_TRUE(feed(*encoder, {}, Until::kFlushed, encoded));
  ASSERT_TRUE(feed(*encoder, "text", Until::kFlushed, encoded));
  size_t size = encoded.size();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(feed(*encoder, {}, Until::kFlushed, encoded));
  EXPECT_LE(encoded.size(), size + 3 * 10);
  ASSERT_TRUE(feed(*encoder, {}, Until::kFinished, encoded));
  EXPECT_EQ(decode(coding(), encoded).text, "text");
}

TEST_P(EncoderTest, BeginsAnewWhateverBecameOfTheLastBody) {
  auto encoder = make();
  ASSERT_TRUE(encoder->begin());
  std::string lost;
  ASSERT_TRUE(feed(*encoder, text_of(50'000), Until::kLater, lost));
  expect_round_trip(*encoder, text_of(2000));

  ASSERT_TRUE(encoder->begin());
  std::string bytes = random_bytes(500);
  std::string_view input = bytes;
  char room[kSmallestRoom];
  EXPECT_EQ(encoder->encode(input, Until::kFlushed, room).progress, Progress::kRoom);
  expect_round_trip(*encoder, text_of(2000));
}

TEST_P(EncoderTest, StopsWhenTheSinkDoes) {
  auto encoder = make();
  ASSERT_TRUE(encoder->begin());
  char room[64];
  int pieces = 0;
  EXPECT_FALSE(encode_all(*encoder, random_bytes(5000), Until::kFinished, room,
                          [&](std::string_view) { return ++pieces < 3; }));
  EXPECT_EQ(pieces, 3);
}

INSTANTIATE_TEST_SUITE_P(All, EncoderTest,
                         testing::Combine(testing::Values(ContentCoding::kBrotli,
                                                          ContentCoding::kZstd,
                                                          ContentCoding::kGzip),
                                          testing::Values(Effort::kDynamic, Effort::kStatic)),
                         [](const testing::TestParamInfo<Parameters>& it) {
                           bool dynamic = std::get<1>(it.param) == Effort::kDynamic;
                           return std::string(name_of(std::get<0>(it.param))) +
                                  (dynamic ? "_dynamic" : "_static");
                         });

TEST(EncoderSet, KeepsOneEncoderForEachCoding) {
  EncoderSet set(Effort::kDynamic);
  Encoder* gzip = set.begin(ContentCoding::kGzip);
  ASSERT_NE(gzip, nullptr);
  EXPECT_NE(set.begin(ContentCoding::kBrotli), gzip);
  EXPECT_EQ(set.begin(ContentCoding::kGzip), gzip);
  EXPECT_EQ(set.begin(ContentCoding::kIdentity), nullptr);
}

}  // namespace
}  // namespace howdah::codec

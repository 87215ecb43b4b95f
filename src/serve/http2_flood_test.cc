// What a connection does with a client that only costs: each kind of flood, and what looks like
// one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/http2_fixture.h"
#include "serve/limits.h"

namespace howdah::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Http2FloodTest : public Http2Test {
 protected:
  // Until the server has had enough. Returns how many it took.
  template <class Act>
  uint64_t flood(Act act, uint64_t most) {
    for (uint64_t i = 0; i < most; ++i) {
      if (!goaways_.empty() || closed_) return i;
      act();
    }
    return most;
  }
  void expect_calm(http::Http2Cost cost) {
    EXPECT_THAT(observer_.floods, ElementsAre(cost));
    ASSERT_THAT(goaways_, SizeIs(1));
    EXPECT_EQ(goaways_[0].second, uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
    pass(kLingerTime + base::kSecond);
    EXPECT_EQ(observer_.open, 0);
    EXPECT_THAT(queue_.jobs, IsEmpty());
  }
};

TEST_F(Http2FloodTest, RapidReset) {
  begin();
  flood([&] { reset(ask(get("/app.php"))); }, kResetLimit.burst);
  EXPECT_THAT(goaways_, IsEmpty());
  flood([&] { reset(ask(get("/app.php"))); }, 1);
  expect_calm(http::Http2Cost::kReset);
  EXPECT_EQ(observer_.exchanges.size(), kResetLimit.burst + 1);
}

TEST_F(Http2FloodTest, ResetsNowAndThenAreNone) {
  begin();
  for (int second = 0; second < 60; ++second) {
    for (uint64_t i = 0; i < kResetLimit.per_second; ++i) reset(ask(get("/app.php")));
    pass(base::kSecond);
  }
  EXPECT_THAT(goaways_, IsEmpty());
}

TEST_F(Http2FloodTest, ResetsProvokedByBadFrames) {
  begin();
  uint64_t taken = flood(
      [&] {
        int32_t stream = ask(get("/app.php"));
        // A window beyond 2^31 - 1 is an error of the stream.
        raw_frame(NGHTTP2_WINDOW_UPDATE, 0, stream, "\x7f\xff\xff\xff");
      },
      kProvokedResetLimit.burst + 10);
  EXPECT_EQ(taken, kProvokedResetLimit.burst + 1);
  expect_calm(http::Http2Cost::kProvokedReset);
}

TEST_F(Http2FloodTest, MalformedHeads) {
  begin();
  Fields head = get("/page.html");
  head.push_back({"connection", "close"});
  flood([&] { ask(head); }, kProvokedResetLimit.burst + 10);
  expect_calm(http::Http2Cost::kProvokedReset);
}

TEST_F(Http2FloodTest, Settings) {
  begin();
  flood(
      [&] {
        nghttp2_submit_settings(peer_, NGHTTP2_FLAG_NONE, nullptr, 0);
        pump();
      },
      kSettingsLimit.burst + 10);
  expect_calm(http::Http2Cost::kSettings);
}

TEST_F(Http2FloodTest, Pings) {
  begin();
  uint64_t taken = flood([&] { raw_frame(NGHTTP2_PING, 0, 0, "12345678"); }, kPingLimit.burst + 10);
  EXPECT_EQ(taken, kPingLimit.burst + 1);
  expect_calm(http::Http2Cost::kPing);
}

TEST_F(Http2FloodTest, PingsThatAreNotRead) {
  begin();
  std::string ping = std::string("\0\0\x08\x06\0\0\0\0\0", 9) + "12345678";
  std::string many;
  for (uint64_t i = 0; i < kPingLimit.burst + 10; ++i) many += ping;
  send(many);
  pump();
  expect_calm(http::Http2Cost::kPing);
}

TEST_F(Http2FloodTest, Priorities) {
  begin();
  flood([&] { raw_frame(NGHTTP2_PRIORITY, 0, 1, std::string_view("\0\0\0\0\x10", 5)); },
        kPriorityLimit.burst + 10);
  expect_calm(http::Http2Cost::kPriority);
}

TEST_F(Http2FloodTest, WindowsOpenedAByteAtATime) {
  begin(0);
  int32_t stream = ask(get("/page.html"));
  EXPECT_EQ(seen_[stream].body, "");
  put("large.txt", std::string(100000, 'x'));
  stream = ask(get("/large.txt"));
  flood(
      [&] {
        nghttp2_submit_window_update(peer_, NGHTTP2_FLAG_NONE, stream, 1);
        pump();
      },
      kWindowUpdateLimit.burst + 10);
  EXPECT_EQ(seen_[stream].body.size(), kWindowUpdateLimit.burst);
  expect_calm(http::Http2Cost::kWindowUpdate);
}

TEST_F(Http2FloodTest, ALongDownloadIsNone) {
  put("large.bin", std::string(20 << 20, 'x'));
  begin();
  int32_t stream = ask(get("/large.bin"));
  while (!seen_[stream].closed && goaways_.empty()) open_window(stream, 4096);
  EXPECT_EQ(seen_[stream].body.size(), 20u << 20);
}

TEST_F(Http2FloodTest, EmptyData) {
  begin();
  int32_t stream = begin_request(post("/app.php"));
  flood([&] { send_body(stream, "", false); }, kEmptyFrameLimit.burst + 10);
  expect_calm(http::Http2Cost::kEmptyFrame);
}

TEST_F(Http2FloodTest, DataOfAByte) {
  begin();
  int32_t stream = begin_request(post("/app.php"));
  flood([&] { send_body(stream, "x", false); }, kSmallDataLimit.burst + 10);
  expect_calm(http::Http2Cost::kSmallData);
}

TEST_F(Http2FloodTest, Continuations) {
  begin();
  raw_frame(NGHTTP2_HEADERS, 0, 1, "\x82\x86\x84");
  uint64_t taken = flood([&] { raw_frame(NGHTTP2_CONTINUATION, 0, 1, "\x10\x01x\x01y"); }, 20);
  EXPECT_EQ(taken, kContinuations + 1);
  expect_calm(http::Http2Cost::kContinuation);
}

TEST_F(Http2FloodTest, FramesOfUnknownTypes) {
  begin();
  std::string payload(16384, 'x');
  uint64_t taken = flood([&] { raw_frame(0xfa, 0, 0, payload); }, 1000);
  EXPECT_NEAR(static_cast<double>(taken),
              static_cast<double>(kOverheadByteLimit.burst / payload.size()), 3);
  expect_calm(http::Http2Cost::kOverheadByte);
}

}  // namespace
}  // namespace howdah::serve

#include "http/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace howdah::http {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kSpan = "b7ad6b7169203331";

class TraceContextTest : public testing::Test {
 protected:
  bool continued(const std::string& traceparent) {
    return make_trace_context(traceparent, random_).has_parent;
  }
  base::RandomIds random_;
};

TEST_F(TraceContextTest, ContinuesAValidTraceUnderANewSpan) {
  TraceContext trace = make_trace_context("00-" + kTrace + "-" + kSpan + "-00", random_);
  EXPECT_TRUE(trace.has_parent);
  EXPECT_EQ(trace.trace(), kTrace);
  EXPECT_EQ(trace.parent_span(), kSpan);
  EXPECT_NE(trace.span(), kSpan);
  std::string out;
  append_traceparent(out, trace);
  EXPECT_EQ(out, "00-" + kTrace + "-" + std::string(trace.span()) + "-00");
}

TEST_F(TraceContextTest, KeepsTheFlagsItKnows) {
  EXPECT_EQ(make_trace_context("00-" + kTrace + "-" + kSpan + "-ff", random_).flags, 3);
  EXPECT_EQ(make_trace_context("00-" + kTrace + "-" + kSpan + "-01", random_).flags, 1);
}

TEST_F(TraceContextTest, TakesLaterVersionsWithMoreBehindADash) {
  EXPECT_TRUE(continued("01-" + kTrace + "-" + kSpan + "-01"));
  EXPECT_TRUE(continued("cc-" + kTrace + "-" + kSpan + "-01-what-ever"));
  EXPECT_FALSE(continued("cc-" + kTrace + "-" + kSpan + "-01what"));
  EXPECT_FALSE(continued("00-" + kTrace + "-" + kSpan + "-01-more"));
  EXPECT_FALSE(continued("ff-" + kTrace + "-" + kSpan + "-01"));
}

TEST_F(TraceContextTest, BeginsATraceWhenTheIncomingOneIsNotValid) {
  const std::string zeros(32, '0');
  for (const std::string& bad :
       {std::string(), "00-" + zeros + "-" + kSpan + "-01",
        "00-" + kTrace + "-" + zeros.substr(16) + "-01", "00-" + kTrace + "-" + kSpan + "-0",
        "00-" + kTrace + "-" + kSpan + "-0G",
        "00-0AF7651916CD43DD8448EB211C80319C-" + kSpan + "-01",
        "0x-" + kTrace + "-" + kSpan + "-01", "00_" + kTrace + "-" + kSpan + "-01",
        "00-" + kTrace + "_" + kSpan + "-01", "00-" + kTrace + "-" + kSpan + "_01"}) {
    TraceContext trace = make_trace_context(bad, random_);
    EXPECT_FALSE(trace.has_parent) << bad;
    EXPECT_EQ(trace.parent_span(), "");
    EXPECT_NE(trace.trace(), kTrace);
    EXPECT_EQ(trace.trace().find_first_not_of("0123456789abcdef"), std::string_view::npos);
    EXPECT_EQ(trace.flags, 1);
  }
}

TEST_F(TraceContextTest, SamplesAShareOfTheTracesThatBeginHere) {
  auto share = [&](double ratio) {
    int sampled = 0;
    for (int i = 0; i < 10'000; ++i) {
      sampled += make_trace_context("", random_, sampling_threshold(ratio)).sampled() ? 1 : 0;
    }
    return sampled;
  };
  EXPECT_EQ(share(0), 0);
  EXPECT_EQ(share(1), 10'000);
  EXPECT_NEAR(share(0.25), 2'500, 400);  // nine standard deviations
}

TEST_F(TraceContextTest, TheCallerDecidesAboutItsTraces) {
  const uint64_t none = sampling_threshold(0), all = sampling_threshold(1);
  EXPECT_TRUE(make_trace_context("00-" + kTrace + "-" + kSpan + "-01", random_, none).sampled());
  EXPECT_FALSE(make_trace_context("00-" + kTrace + "-" + kSpan + "-00", random_, all).sampled());
}

TEST_F(TraceContextTest, KeepsAPlainRequestIdOrMakesOneOfTheTrace) {
  TraceContext trace = make_trace_context("00-" + kTrace + "-" + kSpan + "-01", random_);
  auto request_id = [&](const std::string& incoming) {
    std::string out;
    append_request_id(out, incoming, trace);
    return out;
  };
  const std::string made = "0af7651916cd-" + std::string(trace.span().substr(0, 4));
  EXPECT_EQ(request_id("abc-1"), "abc-1");
  EXPECT_EQ(request_id(std::string(128, 'x')), std::string(128, 'x'));
  EXPECT_EQ(request_id(std::string(129, 'x')), made);
  EXPECT_EQ(request_id(""), made);
  EXPECT_EQ(request_id("a b"), made);
  EXPECT_EQ(request_id("a\xff"), made);
}

}  // namespace
}  // namespace howdah::http

#include "ops/span.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "ops/otlp_json.h"
#include "ops/span_rings.h"

namespace howdah::ops {
namespace {

using Json = nlohmann::json;

// A finished request, to be changed by the tests.
class SpanTest : public testing::Test {
 protected:
  SpanTest() {
    head_.method = "GET";
    head_.host = "shop.example:8443";
    report_.method = "GET";
    report_.path = "/cart";
    report_.query = "secret=1";
    report_.version = http::Version::kHttp2;
    report_.status = 200;
    report_.duration = 5 * base::kMillisecond;
    report_.client_ip = "192.0.2.7";
    report_.user_agent = "probe/1";
    report_.scheme = "https";
    report_.head = &head_;
    report_.trace = &trace_;
  }

  void continue_trace() {
    trace_ = http::make_trace_context("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                      random_);
  }
  Json exported() {
    SpanRecord span{};
    fill_span(span, report_, kNow);
    return Json::parse(otlp_json({{"service.name", "shop"}}, {&span, 1}));
  }
  Json span() { return exported()["resourceSpans"][0]["scopeSpans"][0]["spans"][0]; }
  static Json attributes(const Json& object) {
    Json found = Json::object();
    for (const Json& item : object["attributes"]) found[item["key"]] = *item["value"].begin();
    return found;
  }

  static constexpr base::Nanos kNow = 1'800'000'000'000'000'001;
  base::RandomIds random_;
  http::RequestHead head_;
  http::TraceContext trace_ = http::make_trace_context("", random_);
  serve::ExchangeReport report_;
};

TEST_F(SpanTest, HasTheConventionsNames) {
  Json all = exported();
  EXPECT_EQ(attributes(all["resourceSpans"][0]["resource"])["service.name"], "shop");
  Json span = this->span();
  EXPECT_EQ(span["traceId"], std::string(trace_.trace()));
  EXPECT_EQ(span["spanId"], std::string(trace_.span()));
  EXPECT_FALSE(span.contains("parentSpanId"));
  EXPECT_FALSE(span.contains("traceState"));
  EXPECT_FALSE(span.contains("status"));
  EXPECT_EQ(span["name"], "GET");
  EXPECT_EQ(span["kind"], 2);
  EXPECT_EQ(span["endTimeUnixNano"], "1800000000000000001");
  EXPECT_EQ(span["startTimeUnixNano"], "1799999999995000001");
  EXPECT_EQ(attributes(span), Json::parse(R"({
      "http.request.method": "GET", "url.path": "/cart", "url.scheme": "https",
      "http.response.status_code": "200", "server.address": "shop.example", "server.port": "8443",
      "client.address": "192.0.2.7", "network.protocol.version": "2",
      "user_agent.original": "probe/1"})"));
}

TEST_F(SpanTest, NamesItsParentAndKeepsTheTraceState) {
  continue_trace();
  head_.fields = {{"tracestate", "a=1"}, {"x", "y"}, {"TraceState", "b=2"}};
  Json span = this->span();
  EXPECT_EQ(span["traceId"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(span["parentSpanId"], "b7ad6b7169203331");
  EXPECT_EQ(span["traceState"], "a=1,b=2");
  EXPECT_EQ(span["flags"], 0x301);
}

TEST_F(SpanTest, CutsATraceStateBetweenEntries) {
  continue_trace();
  const std::string entry = "k=" + std::string(298, 'v');
  const std::string two = entry + "," + entry;
  head_.fields = {{"tracestate", two}};
  EXPECT_EQ(span()["traceState"], entry);
}

TEST_F(SpanTest, TraceStateWithoutAParentIsNotOurs) {
  head_.fields = {{"tracestate", "a=1"}};
  EXPECT_FALSE(span().contains("traceState"));
}

TEST_F(SpanTest, OnlyTheServersFaultsAreErrors) {
  report_.status = 404;
  EXPECT_FALSE(span().contains("status"));
  report_.status = 499;
  report_.error = serve::kClientLeft;
  EXPECT_FALSE(span().contains("status"));
  report_.status = 200;
  EXPECT_FALSE(span().contains("status"));
  report_.error = "worker died";  // in the middle of a stream
  EXPECT_EQ(span()["status"], Json::parse(R"({"code": 2, "message": "worker died"})"));
  EXPECT_EQ(attributes(span())["error.type"], "cut");
  report_.status = 504;
  report_.error = "REQUEST_TIMEOUT";
  EXPECT_EQ(span()["status"]["message"], "REQUEST_TIMEOUT");
  EXPECT_EQ(attributes(span())["error.type"], "504");
}

TEST_F(SpanTest, AnyBytesBecomeJson) {
  report_.path = "/\xff\"\\\x01\xe2\x80\xa8";
  report_.user_agent = "\x80{";
  const std::string host(5000, 'h');
  const std::string path(5000, 'p');
  EXPECT_EQ(attributes(span())["url.path"], "/\xef\xbf\xbd\"\\\x01\xe2\x80\xa8");
  report_.path = path;
  head_.host = host;
  EXPECT_EQ(attributes(span())["url.path"], std::string(768, 'p'));
}

TEST_F(SpanTest, StrangeMethodsAreOneName) {
  report_.method = "BREW";
  EXPECT_EQ(span()["name"], "HTTP");
  EXPECT_EQ(attributes(span())["http.request.method"], "_OTHER");
  EXPECT_EQ(attributes(span())["http.request.method_original"], "BREW");
}

TEST_F(SpanTest, ARequestThatCouldNotBeReadIsOneToo) {
  report_.method = report_.path = {};
  report_.head = nullptr;
  report_.status = 400;
  EXPECT_EQ(span()["name"], "HTTP");
  EXPECT_FALSE(attributes(span()).contains("server.address"));
}

TEST_F(SpanTest, ADamagedRecordStaysInsideItself) {
  SpanRecord span;
  std::memset(&span, 0xff, sizeof span);
  for (size_t i = 0; i < kSpanTexts; ++i) {
    auto text = span.text(static_cast<SpanText>(i));
    EXPECT_GE(text.data(), span.texts);
    EXPECT_LE(text.data() + text.size(), span.texts + sizeof span.texts);
  }
  EXPECT_TRUE(Json::accept(otlp_json({}, {&span, 1})));
}

TEST_F(SpanTest, RingsGiveBackWhatWasWrittenInItsOrder) {
  auto rings = SpanRings::create(2);
  ASSERT_TRUE(rings);
  for (uint16_t i = 0; i < 3; ++i) {
    report_.status = i;
    rings->ring(1).write(report_, kNow);
  }
  SpanRecord span;
  EXPECT_FALSE(rings->ring(0).take(span));
  for (uint16_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(rings->ring(1).take(span));
    EXPECT_EQ(span.status, i);
    EXPECT_EQ(span.text(SpanText::kPath), "/cart");
  }
  EXPECT_FALSE(rings->ring(1).take(span));
}

TEST_F(SpanTest, AFullRingDropsAndCountsWhatIsNew) {
  auto rings = SpanRings::create(1);
  ASSERT_TRUE(rings);
  for (size_t i = 0; i < kSpansPerRing + 10; ++i) {
    report_.status = static_cast<int>(i);
    rings->ring(0).write(report_, kNow);
  }
  EXPECT_EQ(rings->dropped(), 10u);
  SpanRecord span;
  for (size_t i = 0; i < kSpansPerRing; ++i) {
    ASSERT_TRUE(rings->ring(0).take(span));
    ASSERT_EQ(span.status, i);
  }
  EXPECT_FALSE(rings->ring(0).take(span));
  rings->ring(0).write(report_, kNow);
  EXPECT_TRUE(rings->ring(0).take(span));
  rings->count_exported(5);
  rings->count_lost(2);
  EXPECT_EQ(rings->exported(), 5u);
  EXPECT_EQ(rings->dropped(), 12u);
}

}  // namespace
}  // namespace howdah::ops

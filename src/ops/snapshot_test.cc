#include "ops/snapshot.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace howdah::ops {
namespace {

using nlohmann::json;

TEST(Snapshot, IsOneLineOfJsonWhateverAClientSent) {
  serve::ExchangeReport report;
  report.method = "GET";
  report.path = "/<script>\xff\n\x01\"";
  report.status = 502;
  Snapshot snapshot;
  snapshot.failed.push_back(RecentRequest::of(report));
  std::string text = snapshot_json(snapshot);
  EXPECT_EQ(text.find('\n'), text.npos);
  json error = json::parse(text)["errors"][0];
  EXPECT_EQ(error["path"], "/<script>\xef\xbf\xbd\n\x01\"");
  EXPECT_EQ(error["status"], 502);
}

TEST(Snapshot, SaysNoLatencyWhereNothingEnded) {
  Snapshot snapshot;
  EXPECT_TRUE(json::parse(snapshot_json(snapshot))["latency"]["p99"].is_null());
  snapshot.latency = {.seconds = 1, .requests = 1, .p99 = 2 * base::kMillisecond};
  EXPECT_EQ(json::parse(snapshot_json(snapshot))["latency"]["p99"], 0.002);
}

TEST(Snapshot, ThreadsCountTheMemoryOfTheirProcessOnce) {
  Snapshot snapshot;
  snapshot.pools = {{.name = "a", .php_version = ""}, {.name = "b", .php_version = ""}};
  int pid = ::getpid();
  snapshot.workers =
      with_memory({{.pool = "a", .worker = 0, .pid = pid}, {.pool = "a", .worker = 1, .pid = pid}});
  ASSERT_GT(snapshot.workers[0].memory, 0U);
  EXPECT_EQ(snapshot.workers[0].memory, snapshot.workers[1].memory);
  json pools = json::parse(snapshot_json(snapshot))["pools"];
  EXPECT_EQ(pools[0]["memory"], snapshot.workers[0].memory);
  EXPECT_EQ(pools[1]["memory"], 0);
}

}  // namespace
}  // namespace howdah::ops

#include "ops/internal_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace howdah::ops {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Pages : public ::testing::Test {
 protected:
  Page get(std::string_view target, std::string_view method = "GET") {
    return pages_.get(method, target);
  }

  Metrics metrics_{1};
  std::atomic<Phase> phase_{Phase::kServing};
  pool::PoolStatus pool_{.name = "w.php", .ready = true, .php_version = "8.2.1"};
  std::vector<pool::WorkerStatus> workers_ = {{.pool = "w.php",
                                               .worker = 1,
                                               .pid = 0,
                                               .phase = pool::WorkerPhase::kBusy,
                                               .requests = 4,
                                               .busy_for = 1500 * base::kMillisecond,
                                               .request = "GET /\"x\""}};
  std::vector<pool::WorkerStack> stacks_;
  std::optional<serve::RateStoreStatus> rate_store_;
  InternalPages pages_{{.metrics = metrics_,
                        .phase = phase_,
                        .started = base::monotonic_now(),
                        .pools = [this] { return std::vector{pool_}; },
                        .workers = [this] { return workers_; },
                        .stacks = [this](const StacksDone& done) { done(stacks_); },
                        .spool_bytes = [] { return uint64_t{7}; },
                        .log_lines_dropped = [] { return uint64_t{5}; },
                        .rate_store = [this] { return rate_store_; },
                        .spans = [] { return SpanCounts{.exported = 7, .dropped = 3}; },
                        .config = R"({"workers":2})"}};
};

TEST_F(Pages, HealthCountsConnectionsAndRequests) {
  metrics_.loop(0).on_connection_opened();
  json health = json::parse(get("/health").body);
  EXPECT_EQ(health["status"], "ok");
  EXPECT_EQ(health["active_connections"], 1);
  EXPECT_EQ(health["total_requests"], 0);
  EXPECT_TRUE(health["timestamp"].is_number_integer());
}

TEST_F(Pages, ReadyOnlyWhileServingWithALiveWorker) {
  EXPECT_EQ(get("/health/ready").status, 200);
  pool_.ready = false;
  EXPECT_EQ(get("/health/ready").status, 503);
  pool_.ready = true;
  phase_ = Phase::kStarting;
  EXPECT_EQ(get("/health/ready").status, 503);
  EXPECT_EQ(get("/health/startup").status, 503);
  phase_ = Phase::kDraining;
  EXPECT_EQ(get("/health/ready").status, 503);
  EXPECT_EQ(get("/health/startup").status, 200);
  EXPECT_EQ(get("/health/live").status, 200);
}

TEST_F(Pages, WorkersSaysWhatEachDoes) {
  json workers = json::parse(get("/workers").body)["workers"];
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_EQ(workers[0], (json{{"pool", "w.php"},
                              {"worker", 1},
                              {"pid", 0},
                              {"state", "busy"},
                              {"request", "GET /\"x\""},
                              {"elapsed", 1.5},
                              {"requests", 4},
                              {"memory", 0},
                              {"restarts", 0}}));
  workers_[0].request.clear();
  EXPECT_TRUE(json::parse(get("/workers").body)["workers"][0]["request"].is_null());
}

TEST_F(Pages, WorkersWithTheirStacksWhenAsked) {
  EXPECT_TRUE(wants_stacks("GET", "/workers?stack=1"));
  EXPECT_FALSE(wants_stacks("GET", "/workers"));
  EXPECT_FALSE(wants_stacks("POST", "/workers?stack=1"));
  stacks_ = {{"w.php", 1, {"read", {"f() /\"a\".php:1"}}}};
  auto first = [this] {
    Page page;
    pages_.gather_stacks([&](const auto& stacks) { page = pages_.workers_with(stacks); });
    return json::parse(page.body)["workers"][0];
  };
  EXPECT_EQ(first()["waiting_in"], "read");
  EXPECT_EQ(first()["stack"], json::array({"f() /\"a\".php:1"}));
  stacks_.clear();
  EXPECT_TRUE(first()["stack"].is_null());
  EXPECT_FALSE(json::parse(get("/workers").body)["workers"][0].contains("stack"));
}

TEST_F(Pages, MetricsTellOfTheRateStoreWhenThereIsOne) {
  EXPECT_THAT(get("/metrics").body, testing::Not(HasSubstr("rate_limit_store")));
  rate_store_ = {.up = true, .errors = 3};
  EXPECT_THAT(get("/metrics").body, HasSubstr("\ntokio_php_rate_limit_store_up 1\n"));
  EXPECT_THAT(get("/metrics").body, HasSubstr("\ntokio_php_rate_limit_store_errors_total 3\n"));
}

TEST_F(Pages, MetricsAreInPrometheusFormat) {
  Page page = get("/metrics?x=1");
  EXPECT_THAT(page.content_type, StartsWith("text/plain; version=0.0.4"));
  EXPECT_THAT(page.body, HasSubstr("tokio_php_log_lines_dropped_total 5\n"));
  EXPECT_THAT(page.body, HasSubstr("tokio_php_spans_exported_total 7\n"));
  EXPECT_THAT(page.body, HasSubstr("tokio_php_spans_dropped_total 3\n"));
}

TEST_F(Pages, ConfigIsWhatAppMadeOfIt) { EXPECT_EQ(get("/config").body, R"({"workers":2})"); }

TEST_F(Pages, RefusesEverythingElse) {
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(get("/health/").status, 404);
  EXPECT_EQ(get("/health", "POST").status, 405);
  for (const char* path : {"/reload", "/workers/restart"}) EXPECT_EQ(get(path).status, 405) << path;
  EXPECT_EQ(get("/health", "HEAD").status, 200);
}

TEST_F(Pages, OrdersHavePathsOfTheirOwn) {
  EXPECT_EQ(order_at("/reload"), Order::kReload);
  EXPECT_EQ(order_at("/workers/restart"), Order::kRestart);
  EXPECT_EQ(order_at("/workers"), std::nullopt);
  EXPECT_EQ(order_at("/reload?x"), std::nullopt);
}

TEST_F(Pages, TheRootIsALivePage) {
  EXPECT_EQ(get("/").content_type, "text/html; charset=utf-8");
  EXPECT_THAT(get("/").content_security_policy, StartsWith("default-src 'none'"));
}

TEST_F(Pages, TheFeedIsNamedButNotMadeHere) {
  EXPECT_EQ(get("/events", "HEAD").content_type, "text/event-stream");
}

TEST_F(Pages, StatusIsOneJsonObject) {
  json status = json::parse(pages_.status());
  EXPECT_EQ(status["state"], "serving");
  EXPECT_EQ(status["php"], "8.2.1");
  EXPECT_EQ(status["workers"].size(), 1U);
}

}  // namespace
}  // namespace howdah::ops

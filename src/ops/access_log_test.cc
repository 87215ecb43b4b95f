#include "ops/access_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace howdah::ops {
namespace {

using nlohmann::json;

class Lines : public base::LogSink {
 public:
  void write_line(std::string_view line) override { text = line; }
  std::string text;
};

class AccessLogLine : public ::testing::Test {
 protected:
  json write(const serve::ExchangeReport& report) {
    AccessLog(log_).write(report);
    EXPECT_TRUE(sink_.text.ends_with("\n"));
    return json::parse(sink_.text);
  }
  Lines sink_;
  base::Logger log_{sink_, {}};
};

TEST_F(AccessLogLine, HasTheMembersOfTheContract) {
  serve::ExchangeReport report;
  report.method = "GET";
  report.path = "/a \"b\"";
  report.query = "x=1";
  report.status = 200;
  report.sent_bytes = 12;
  report.duration = 1'234'567;
  report.client_ip = "192.0.2.1";
  report.user_agent = "curl";
  report.ids = {"id", "trace", "span"};
  report.worker = 2;
  report.queue_time = 10'000;
  report.php_time = 1'000'000;
  json line = write(report);
  EXPECT_EQ(line["type"], "access");
  EXPECT_EQ(line["msg"], "GET /a \"b\" 200");
  EXPECT_EQ(line["ctx"]["request_id"], "id");
  EXPECT_EQ(line["ctx"]["trace_id"], "trace");
  EXPECT_EQ(line["data"], (json{{"method", "GET"},
                                {"path", "/a \"b\""},
                                {"query", "x=1"},
                                {"http", "HTTP/1.1"},
                                {"status", 200},
                                {"bytes", 12},
                                {"duration_ms", 1.234},
                                {"ip", "192.0.2.1"},
                                {"ua", "curl"},
                                {"worker", 2},
                                {"queue_ms", 0.01},
                                {"php_ms", 1.0}}));
}

TEST_F(AccessLogLine, LeavesOutWhatThereIsNot) {
  serve::ExchangeReport report;
  report.status = 400;
  report.client_ip = "::1";
  json line = write(report);
  EXPECT_EQ(line["msg"], "- - 400");
  for (const char* absent : {"query", "ua", "referer", "xff", "worker", "queue_ms", "php_ms"}) {
    EXPECT_FALSE(line["data"].contains(absent)) << absent;
  }
}

TEST_F(AccessLogLine, IsOneLineWhateverTheClientSent) {
  serve::ExchangeReport report;
  report.method = "GET";
  report.path = "/\n{\"ts\":1}\xFF";
  report.user_agent = "a\r\nb\x1b[0m";
  json line = write(report);
  EXPECT_EQ(std::count(sink_.text.begin(), sink_.text.end(), '\n'), 1);
  EXPECT_EQ(line["data"]["ua"], "a\r\nb\x1b[0m");
}

}  // namespace
}  // namespace howdah::ops

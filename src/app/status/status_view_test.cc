#include "app/status/status_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace howdah::app {
namespace {

using nlohmann::json;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

json worker(int number, const json& request) {
  return {{"pool", "classic"}, {"worker", number},   {"pid", 100 + number},
          {"state", "busy"},   {"request", request}, {"elapsed", 1.5}};
}

json status_with(int workers) {
  json status = {{"version", "1.2"},
                 {"state", "serving"},
                 {"uptime", 7260},
                 {"latency", {{"p50", 0.0012}, {"p90", nullptr}, {"requests", 3}, {"seconds", 10}}},
                 {"pools", {{{"name", "classic"}, {"workers", workers}}}},
                 {"workers", json::array()}};
  for (int i = 0; i < workers; ++i) {
    status["workers"].push_back(worker(i, i == workers - 1 ? json("GET /last") : json(nullptr)));
  }
  return status;
}

TEST(StatusView, ReportsEverything) {
  std::string text = status_report(status_with(60));
  EXPECT_THAT(text, HasSubstr("howdah 1.2: serving, up 2 h 1 m"));
  EXPECT_THAT(text, HasSubstr("50 % 1.20 ms, 90 % -"));
  for (int i = 0; i < 60; ++i)
    EXPECT_THAT(text, HasSubstr(" " + std::to_string(100 + i) + " busy"));
}

TEST(StatusView, AScreenHoldsNoMoreThanItsSize) {
  json status = status_with(60);
  status["workers"][59]["request"] = "GET /" + std::string(500, 'x');
  for (size_t rows : {0, 1, 2, 6, 7, 8, 9, 10, 11, 24, 200}) {
    auto lines = status_screen(status, {.columns = 40, .rows = rows}, "q: end");
    EXPECT_LE(lines.size(), std::max<size_t>(rows, 1));
    for (const std::string& line : lines) EXPECT_LE(line.size(), 40U);
    EXPECT_EQ(lines.back(), "q: end");
  }
}

TEST(StatusView, WorkersThatRunSomethingComeFirstWhereNotAllHaveRoom) {
  auto lines = status_screen(status_with(60), {.columns = 200, .rows = 14}, "");
  ASSERT_THAT(lines, SizeIs(14));
  EXPECT_THAT(lines[9], HasSubstr("GET /last"));
  EXPECT_EQ(lines[12], "  and 57 more workers");
}

TEST(StatusView, NothingThatATerminalObeysComesFromAClient) {
  EXPECT_EQ(printable("/a\x1b[2J\n\x7f\xc2\x9b"), "/a%1B[2J%0A%7F%C2%9B");
  json status = status_with(1);
  status["workers"][0]["request"] = "GET /\x1b]0;title\x07";
  status["errors"] = {{{"time", 0}, {"path", "/\x1b[2J"}, {"method", "GE\r\nT"}, {"status", 502}}};
  std::string text = status_report(status);
  EXPECT_THAT(text, HasSubstr("GET /%1B]0;title%07"));
  EXPECT_THAT(text, HasSubstr("GE%0D%0AT /%1B[2J"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(status_screen(status, {}, ""), Each(Not(HasSubstr("\x1b"))));
}

TEST(StatusView, AnAnswerOfAnotherVersionIsShownAsFarAsItIsUnderstood) {
  EXPECT_THAT(status_report(json::object()), HasSubstr("requests"));
  EXPECT_THAT(status_report({{"uptime", "x"}, {"pools", 3}, {"workers", "y"}, {"errors", {1, 2}}}),
              HasSubstr("queue"));
}

}  // namespace
}  // namespace howdah::app

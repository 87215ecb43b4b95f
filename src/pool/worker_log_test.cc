#include "pool/worker_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "channel/record.h"

namespace howdah::pool {
namespace {

using testing::HasSubstr;

struct Sink : base::LogSink {
  void write_line(std::string_view line) override { lines += line; }
  std::string lines;
};

TEST(WorkerLog, AMessageOfSeveralLinesIsOneLineOfTheLog) {
  Sink sink;
  base::Logger log(sink, {});
  const std::string message = std::string("Uncaught") + channel::kLineBreak + "#0 {main}";
  log_stderr_line(log, message, 3, {});
  EXPECT_THAT(sink.lines, HasSubstr("\"msg\":\"Uncaught\\n#0 {main}\""));
  EXPECT_EQ(std::ranges::count(sink.lines, '\n'), 1);
}

TEST(WorkerLog, ALogLineOfPhpsOwnIsPassedThroughUnlessItHasTooManyMembers) {
  for (const int members : {100, 1000}) {
    std::string line = R"({"ts":"now","level":"info","type":"app","msg":"\"paid\" )" +
                       std::string(1000, ',') + '"';
    for (int i = 0; i < members; ++i) line += ",\"m" + std::to_string(i) + "\" :1";
    line += "}";
    Sink sink;
    base::Logger log(sink, {});
    log_stderr_line(log, line, 3, {});
    EXPECT_EQ(sink.lines.find("\"source\":\"stderr\"") == sink.lines.npos, members == 100);
    EXPECT_THAT(sink.lines, HasSubstr("m99"));
  }
}

std::string logged(std::string_view attributes, base::Logger::Format format) {
  Sink sink;
  base::Logger log(sink, {.format = format});
  log_record(log, channel::encode_record({.level = 1, .text = "paid", .attributes = attributes}),
             {});
  return sink.lines;
}

TEST(WorkerLog, ARecordKeepsTheOrderOfItsAttributes) {
  const std::string_view attributes = R"({"z":1,"a":{"b":[]},"m":"\u00e4"})";
  EXPECT_THAT(logged(attributes, base::Logger::Format::kJson),
              HasSubstr(",\"data\":" + std::string(attributes) + "}\n"));
  EXPECT_THAT(logged(R"({"z":1})", base::Logger::Format::kText), HasSubstr("paid"));
}

TEST(WorkerLog, AttributesThatAreNoObjectOnOneLineAreLeftOut) {
  for (const char* attributes : {"", "[1]", "7", "{", "{\"a\":\n1}", "{\"a\":\"\xff\"}", "{}}"}) {
    EXPECT_THAT(logged(attributes, base::Logger::Format::kJson), HasSubstr(",\"data\":{}}\n"))
        << attributes;
  }
}

}  // namespace
}  // namespace howdah::pool

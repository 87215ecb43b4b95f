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

}  // namespace
}  // namespace howdah::pool

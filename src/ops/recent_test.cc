#include "ops/recent.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace howdah::ops {
namespace {

std::vector<RecentRequest> contents(const RecentRing& ring) {
  std::vector<RecentRequest> all;
  ring.copy_to(all);
  keep_newest(all);
  return all;
}

TEST(RecentRing, KeepsTheLastOnesNewestFirst) {
  RecentRing ring;
  EXPECT_TRUE(contents(ring).empty());
  for (size_t i = 0; i < kRecentRequests + 10; ++i) {
    ring.add({.ended = static_cast<base::Nanos>(i)});
  }
  auto all = contents(ring);
  ASSERT_EQ(all.size(), kRecentRequests);
  EXPECT_EQ(all.front().ended, static_cast<base::Nanos>(kRecentRequests + 9));
  EXPECT_EQ(all.back().ended, 10);
}

TEST(RecentRing, CutsLongWordsOff) {
  std::string path = "/" + std::string(1000, 'x');
  serve::ExchangeReport report;
  report.method = "GET";
  report.path = path;
  report.ids.request_id = "id";
  report.error = "why";
  RecentRing ring;
  ring.add(RecentRequest::of(report));
  RecentRequest found = contents(ring)[0];
  EXPECT_EQ(word(found.method), "GET");
  EXPECT_EQ(word(found.path), path.substr(0, kRecentPathBytes));
  EXPECT_EQ(word(found.request_id), "id");
  EXPECT_EQ(found.reason, "why");
}

TEST(RecentRing, AReaderNeverSeesHalfAnEntry) {
  RecentRing ring;
  std::jthread writer([&](const std::stop_token& stop) {
    for (int64_t i = 1; !stop.stop_requested(); ++i) {
      ring.add({.ended = i, .duration = i, .php_time = i, .status = i});
    }
  });
  size_t seen = 0;
  while (seen < 5000) {
    for (const RecentRequest& request : contents(ring)) {
      ASSERT_EQ(request.ended, request.status);
      ASSERT_EQ(request.duration, request.php_time);
      ++seen;
    }
  }
}

}  // namespace
}  // namespace howdah::ops

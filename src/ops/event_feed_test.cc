#include "ops/event_feed.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <string>

#include "base/fd.h"

namespace howdah::ops {
namespace {

// A server with so many workers that an event does not fit into a socket's buffers.
class Feed : public ::testing::Test {
 protected:
  InternalStream connect(base::UniqueFd& client) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    client = base::UniqueFd(ends[0]);
    InternalSocket socket(io_);
    socket.assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), ends[1]);
    return InternalStream(std::move(socket));
  }

  Metrics metrics_{1};
  std::atomic<Phase> phase_{Phase::kServing};
  size_t workers_ = 1;
  int taken_ = 0;  // snapshots
  InternalPages pages_{{.metrics = metrics_,
                        .phase = phase_,
                        .started = base::monotonic_now(),
                        .pools = [] { return std::vector<pool::PoolStatus>(); },
                        .workers =
                            [this] {
                              ++taken_;
                              return std::vector<pool::WorkerStatus>(workers_);
                            },
                        .spool_bytes = [] { return uint64_t{0}; },
                        .log_lines_dropped = [] { return uint64_t{0}; },
                        .spans = [] { return SpanCounts{}; }}};
  EventFeed feed_{pages_, std::chrono::milliseconds(20)};
  boost::asio::io_context io_{1};
};

TEST_F(Feed, DropsASubscriberThatTakesNothing) {
  workers_ = 20000;
  base::UniqueFd client;
  InternalStream stream = connect(client);
  bool over = false;
  boost::asio::co_spawn(io_, feed_.serve(stream), [&](const std::exception_ptr&) { over = true; });
  io_.run();  // ends when nothing is left to do
  EXPECT_TRUE(over);
  EXPECT_EQ(taken_, 1);
}

TEST_F(Feed, HasRoomForABoundedNumberThatShareTheirEvents) {
  std::vector<base::UniqueFd> clients(kMostSubscribers);
  std::vector<InternalStream> streams;
  for (base::UniqueFd& client : clients) streams.push_back(connect(client));
  for (InternalStream& stream : streams) {
    EXPECT_FALSE(feed_.is_full());
    boost::asio::co_spawn(io_, feed_.serve(stream), boost::asio::detached);
    io_.poll();
  }
  EXPECT_TRUE(feed_.is_full());
  EXPECT_LT(taken_, static_cast<int>(kMostSubscribers));
  // Those who have left are found out when the next event is sent to them.
  clients.clear();
  io_.run();
  EXPECT_FALSE(feed_.is_full());
}

}  // namespace
}  // namespace howdah::ops

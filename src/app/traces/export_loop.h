#pragma once

// What the process that exports spans does: takes them out of shared memory, posts them in batches,
// waits when the collector wants or has to be waited for, and ends when it is told to.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <random>
#include <string>
#include <vector>

#include "app/traces/otlp_client.h"
#include "base/clock.h"
#include "base/log.h"
#include "ops/otlp_json.h"
#include "ops/span_rings.h"

namespace howdah::app {

inline constexpr size_t kLargestBatch = 512;
inline constexpr base::Nanos kLongestWait = base::kSecond;  // of a span for others to go with it
// How often the rings are looked at: a busy one fills in less than a second.
inline constexpr base::Nanos kLookInterval = 100 * base::kMillisecond;
// Pauses between attempts double; a batch that had as many is given up for those behind it.
inline constexpr base::Nanos kFirstPause = base::kSecond;
inline constexpr base::Nanos kLongestPause = 30 * base::kSecond;
inline constexpr int kMostAttempts = 6;
inline constexpr base::Nanos kLongestRetryAfter = 300 * base::kSecond;
// From the word to end to the end.
inline constexpr base::Nanos kFlushLimit = 3 * base::kSecond;

// On its process' only thread.
class ExportLoop {
 public:
  // `control` is a socket to the parent (link.h): kNewLog, kDrain; its end ends the loop. All are
  // borrowed; `log_fd` is what `log` writes to.
  ExportLoop(boost::asio::io_context& io, OtlpClient& client, ops::SpanRings& rings,
             ops::SpanResource resource, int control, const base::Logger& log, int log_fd);
  // Returns at the end, with what could be sent sent.
  void run();

 private:
  boost::asio::awaitable<void> listen();
  void begin_end();
  boost::asio::awaitable<void> export_all();
  boost::asio::awaitable<void> export_batch();
  boost::asio::awaitable<void> pause(base::Nanos length);
  // Moves what the rings have to the batch, up to its size.
  void gather();
  bool batch_is_due() const;
  base::Nanos with_jitter(base::Nanos pause);
  void count_taken(const OtlpAnswer& answer);
  void say_how_it_goes(const OtlpAnswer& answer);

  boost::asio::io_context& io_;
  OtlpClient& client_;
  ops::SpanRings& rings_;
  const ops::SpanResource resource_;
  boost::asio::posix::stream_descriptor control_;
  const base::Logger& log_;
  const int log_fd_;

  std::vector<ops::SpanRecord> batch_;
  base::Nanos batch_began_ = 0;  // monotonic
  size_t first_ring_ = 0;        // that the next batch begins with
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer flush_limit_;
  std::minstd_rand random_;
  bool ending_ = false;
  bool failing_ = false;
  bool rejecting_ = false;
};

}  // namespace howdah::app

#pragma once

// GET /events: a snapshot a second as server-sent events, for the live page.
//
// There is no clock of its own: each subscriber asks once a second, the first of them has the
// snapshot made and the others get the same. So nothing happens while nobody listens, and many
// listeners cost little more than one.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "ops/internal_pages.h"
#include "ops/internal_stream.h"

namespace howdah::ops {

inline constexpr size_t kMostSubscribers = 16;
inline constexpr std::chrono::seconds kEventPause{1};
// One that does not take a snapshot within this time is dropped. What it misses meanwhile is not
// kept for it.
inline constexpr std::chrono::seconds kSlowSubscriber{5};
// How long a snapshot serves other subscribers.
inline constexpr base::Nanos kEventFreshness = 500 * base::kMillisecond;

// Belongs to the internal server's thread, outlived by `pages`.
class EventFeed {
 public:
  explicit EventFeed(InternalPages& pages, std::chrono::milliseconds slow = kSlowSubscriber)
      : pages_(pages), slow_(slow) {}

  // Whether there is room for one more.
  bool is_full() const { return subscribers_ >= kMostSubscribers; }
  // Sends a head of HTTP and then snapshots until the client has left or is too slow.
  boost::asio::awaitable<void> serve(InternalStream& stream);

 private:
  // The newest event. Shared by those who are still sending it when the next one is made.
  std::shared_ptr<const std::string> newest();

  InternalPages& pages_;
  const std::chrono::milliseconds slow_;
  size_t subscribers_ = 0;
  std::shared_ptr<const std::string> event_;
  base::Nanos made_ = 0;
};

}  // namespace howdah::ops

#pragma once

// The internal server: health, metrics and status for operators, apart from what clients reach.
//
// HTTP through Boost.Beast, one coroutine a connection, on a thread of its own, so that a slow look
// into /proc never holds up a client. Not made for the open network: INTERNAL_ADDR is an address
// that only monitoring reaches.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <vector>

#include "ops/event_feed.h"
#include "ops/internal_pages.h"
#include "ops/internal_stream.h"

namespace howdah::ops {

// Of one request, and of an idle connection.
inline constexpr std::chrono::seconds kInternalTimeout{10};
inline constexpr size_t kMostInternalConnections = 64;
inline constexpr uint32_t kInternalHeadBytes = 8 << 10;
inline constexpr uint64_t kInternalBodyBytes = 64 << 10;

// How long somebody who has asked for a reload or new workers waits for its end: a new generation
// may take a minute, and one that runs already comes first.
inline constexpr std::chrono::seconds kOrderLimit{150};

// Accepts on `listener` (a copy of it, closed with `io`) for as long as `io` runs and starts one
// coroutine for each connection. Above kMostInternalConnections `make_room` is asked to end another
// one; where it does not, the new one is closed at once.
void accept_connections(
    boost::asio::io_context& io, int listener,
    std::function<boost::asio::awaitable<void>(InternalSocket)> serve,
    std::function<bool()> make_room = [] { return false; });

// Has an order carried out and waits for what comes of it. On the thread of its `io`.
boost::asio::awaitable<Page> carry_out_and_wait(const InternalPages& pages, Order order);

// How long somebody waits for stacks, when the loop that asks for them does not answer either.
inline constexpr std::chrono::seconds kStacksLimit{2};
// The page of wants_stacks(). On the thread of its `io`.
boost::asio::awaitable<Page> wait_for_stacks(const InternalPages& pages);

// Serves `pages` and `feed` on listening descriptors, which the caller keeps. `io` runs on one
// thread; both live until that has ended.
void start_internal_server(boost::asio::io_context& io, InternalPages& pages, EventFeed& feed,
                           const std::vector<int>& listeners);

}  // namespace howdah::ops

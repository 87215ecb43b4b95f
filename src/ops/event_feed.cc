#include "ops/event_feed.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <string_view>

namespace howdah::ops {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Ends with the connection, so that HTTP/1.0 can read it too.
constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nServer: howdah\r\nContent-Type: text/event-stream\r\n"
    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    "retry: 1000\n\n";

// Counts a subscriber for as long as it lives, however its coroutine ends.
class Counted {
 public:
  explicit Counted(size_t& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  size_t& count_;
};

}  // namespace

std::shared_ptr<const std::string> EventFeed::newest() {
  const base::Nanos now = base::monotonic_now();
  if (!event_ || now - made_ > kEventFreshness) {
    event_ = std::make_shared<const std::string>("data: " + pages_.status() + "\n\n");
    made_ = now;
  }
  return event_;
}

asio::awaitable<void> EventFeed::serve(InternalStream& stream) {
  Counted counted(subscribers_);
  asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::steady_clock::now());
  error_code error;
  stream.expires_after(slow_);
  co_await asio::async_write(stream, asio::buffer(kHead),
                             asio::redirect_error(asio::use_awaitable, error));
  while (!error) {
    auto event = newest();
    stream.expires_after(slow_);
    co_await asio::async_write(stream, asio::buffer(*event),
                               asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    event.reset();
    stream.expires_never();
    pause.expires_at(pause.expiry() + kEventPause);
    // One that was held up goes on from now.
    if (pause.expiry() < std::chrono::steady_clock::now()) pause.expires_after(kEventPause);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

}  // namespace howdah::ops

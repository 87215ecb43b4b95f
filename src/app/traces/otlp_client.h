#pragma once

// Posts to a collector, one after the other, over one connection that is kept between them.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <memory>
#include <optional>
#include <string>

#include "app/config/otlp_target.h"
#include "base/clock.h"
#include "base/result.h"

namespace howdah::app {

// A connection, and then an answer, take no longer than this together. Names are resolved as long
// as the system's resolver takes.
inline constexpr base::Nanos kPostLimit = 10 * base::kSecond;
inline constexpr size_t kLongestAnswer = 64 << 10;

struct OtlpAnswer {
  enum class Kind {
    kTaken,        // 2xx
    kLater,        // 429, 502, 503, 504: the collector asks to try again
    kRefused,      // any other status: trying again would not help
    kUnreachable,  // no connection, no answer in time, or none that is HTTP
  };
  Kind kind = Kind::kUnreachable;
  std::string why;                   // for the log, empty with kTaken
  std::optional<base::Nanos> pause;  // of Retry-After
  std::string body;                  // of kTaken
};

// On one thread. Lives as long as the io_context runs.
class OtlpClient {
 public:
  // Reads the authorities that a collector's certificate may be signed by: `certificate`, or the
  // system's when it is empty. Fails when they cannot be read.
  static base::Result<std::unique_ptr<OtlpClient>> create(boost::asio::io_context& io,
                                                          OtlpTarget target, Pairs headers,
                                                          const std::string& certificate);

  // One at a time.
  boost::asio::awaitable<OtlpAnswer> post(const std::string& body);

 private:
  using Plain = boost::beast::tcp_stream;
  using Tls = boost::beast::ssl_stream<Plain>;

  OtlpClient(boost::asio::io_context& io, OtlpTarget target, Pairs headers)
      : io_(io), target_(std::move(target)), headers_(std::move(headers)) {}

  bool connected() const { return plain_ || tls_; }
  void disconnect();
  boost::asio::awaitable<boost::system::error_code> connect();
  boost::asio::awaitable<OtlpAnswer> attempt(const std::string& body);

  boost::asio::io_context& io_;
  const OtlpTarget target_;
  const Pairs headers_;
  boost::asio::ssl::context tls_context_{boost::asio::ssl::context::tls_client};
  // One of them while there is a connection.
  std::unique_ptr<Plain> plain_;
  std::unique_ptr<Tls> tls_;
  bool timed_out_ = false;  // the last attempt
};

}  // namespace howdah::app

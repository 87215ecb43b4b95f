#include "app/traces/otlp_client.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <utility>

#include "http/validators.h"

namespace howdah::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

using Request = bhttp::request<bhttp::string_body>;
using Answer = bhttp::response_parser<bhttp::string_body>;

constexpr int kHttp11 = 11;

template <class Stream>
asio::awaitable<error_code> transfer(Stream& stream, const Request& request, Answer& answer) {
  error_code error;
  co_await bhttp::async_write(stream, request, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return error;
  beast::flat_buffer buffer;
  co_await bhttp::async_read(stream, buffer, answer,
                             asio::redirect_error(asio::use_awaitable, error));
  co_return error;
}

OtlpAnswer unreachable(const error_code& error) {
  OtlpAnswer answer;
  answer.why = error == beast::error::timeout ? "no answer in time" : error.message();
  return answer;
}

// Seconds, or a date (RFC 9110 section 10.2.3).
std::optional<base::Nanos> parse_retry_after(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t seconds = 0;
  if (auto date = http::parse_http_date(text)) {
    seconds = *date - base::wall_now() / base::kSecond;
  } else {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  }
  constexpr int64_t kMost = int64_t{86400} * 365;
  return std::clamp<int64_t>(seconds, 0, kMost) * base::kSecond;
}

OtlpAnswer answer_of(bhttp::response<bhttp::string_body>&& response) {
  using Kind = OtlpAnswer::Kind;
  OtlpAnswer answer;
  const unsigned status = response.result_int();
  if (status >= 200 && status < 300) {
    answer.kind = Kind::kTaken;
    answer.body = std::move(response.body());
    return answer;
  }
  const bool later = status == 429 || (status >= 502 && status <= 504);
  answer.kind = later ? Kind::kLater : Kind::kRefused;
  answer.why = "it answered " + std::to_string(status);
  const auto after = response[bhttp::field::retry_after];
  if (later) answer.pause = parse_retry_after({after.data(), after.size()});
  return answer;
}

}  // namespace

base::Result<std::unique_ptr<OtlpClient>> OtlpClient::create(asio::io_context& io,
                                                             OtlpTarget target, Pairs headers,
                                                             const std::string& certificate) {
  std::unique_ptr<OtlpClient> client(new OtlpClient(io, std::move(target), std::move(headers)));
  error_code error;
  client->tls_context_.set_verify_mode(asio::ssl::verify_peer);
  if (certificate.empty()) {
    client->tls_context_.set_default_verify_paths(error);
  } else {
    client->tls_context_.load_verify_file(certificate, error);
  }
  if (error) return base::fail({base::ErrorKind::kInvalid, 0, "authorities of certificates"});
  return client;
}

void OtlpClient::disconnect() {
  plain_.reset();
  tls_.reset();
}

asio::awaitable<error_code> OtlpClient::connect() {
  error_code error;
  tcp::resolver resolver(io_);
  auto addresses = co_await resolver.async_resolve(
      target_.host, std::to_string(target_.port), asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return error;
  if (target_.tls) {
    tls_ = std::make_unique<Tls>(io_, tls_context_);
    ::SSL_set_tlsext_host_name(tls_->native_handle(), target_.host.c_str());
    tls_->set_verify_callback(asio::ssl::host_name_verification(target_.host));
  } else {
    plain_ = std::make_unique<Plain>(io_);
  }
  Plain& stream = plain_ ? *plain_ : beast::get_lowest_layer(*tls_);
  stream.expires_after(std::chrono::nanoseconds(kPostLimit));
  co_await stream.async_connect(addresses, asio::redirect_error(asio::use_awaitable, error));
  if (error || !tls_) co_return error;
  co_await tls_->async_handshake(asio::ssl::stream_base::client,
                                 asio::redirect_error(asio::use_awaitable, error));
  co_return error;
}

asio::awaitable<OtlpAnswer> OtlpClient::attempt(const std::string& body) {
  error_code error;
  timed_out_ = false;
  if (!connected()) error = co_await connect();
  Answer answer;
  answer.body_limit(kLongestAnswer);
  if (!error) {
    Plain& stream = plain_ ? *plain_ : beast::get_lowest_layer(*tls_);
    stream.expires_after(std::chrono::nanoseconds(kPostLimit));
    Request request(bhttp::verb::post, target_.path, kHttp11);
    request.set(bhttp::field::host, target_.authority);
    request.set(bhttp::field::user_agent, "howdah/" HOWDAH_VERSION);
    request.set(bhttp::field::content_type, "application/json");
    for (const auto& [name, value] : headers_) request.set(name, value);
    request.body() = body;
    request.prepare_payload();
    // Not by ?: of two awaits, which GCC 12 compiles to a crash.
    if (tls_) {
      error = co_await transfer(*tls_, request, answer);
    } else {
      error = co_await transfer(*plain_, request, answer);
    }
  }
  if (error) {
    timed_out_ = error == beast::error::timeout;
    disconnect();
    co_return unreachable(error);
  }
  if (!answer.keep_alive()) disconnect();
  co_return answer_of(answer.release());
}

asio::awaitable<OtlpAnswer> OtlpClient::post(const std::string& body) {
  const bool kept = connected();
  OtlpAnswer answer = co_await attempt(body);
  // A connection that was kept may have ended meanwhile: that says nothing of the collector.
  const bool stale = kept && answer.kind == OtlpAnswer::Kind::kUnreachable && !timed_out_;
  if (stale) answer = co_await attempt(body);
  co_return answer;
}

}  // namespace howdah::app

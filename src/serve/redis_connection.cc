#include "serve/redis_connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <resolv.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/result.h"
#include "net/ip_address.h"

namespace howdah::serve {
namespace {

constexpr size_t kReceiveBytes = 16 << 10;
// Of a resolver that does not answer: a second each, and no second round.
constexpr int kLookUpSeconds = 1;
constexpr int kLookUpTries = 1;

std::string system_failure(const char* what) { return base::errno_error(what).message(); }

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// getaddrinfo() knows no deadline but the resolver's own, which is this thread's.
RedisConnection::Failure look_up(const RedisUrl& url, Addresses& addresses) {
  if (::res_init() == 0) {
    _res.retrans = kLookUpSeconds;
    _res.retry = kLookUpTries;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  int error = ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &list);
  if (error != 0) return std::string("no address: ") + ::gai_strerror(error);
  addresses.reset(list);
  return {};
}

std::string tls_failure(SSL* ssl) {
  long verdict = ssl == nullptr ? X509_V_OK : ::SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) {
    return std::string("TLS: ") + ::X509_verify_cert_error_string(verdict);
  }
  const char* reason = ::ERR_reason_error_string(::ERR_peek_last_error());
  return std::string("TLS: ") + (reason == nullptr ? "the connection ended" : reason);
}

}  // namespace

std::string error_word(const redisReply& reply) {
  std::string_view text(reply.str, reply.len);
  return std::string(text.substr(0, text.find(' ')));
}

void RedisConnection::Free::operator()(SSL* ssl) const { ::SSL_free(ssl); }
void RedisConnection::Free::operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }

RedisConnection::RedisConnection() : reader_(::redisReaderCreate()) {}
RedisConnection::~RedisConnection() = default;

RedisConnection::Failure RedisConnection::open(const RedisUrl& url, base::Nanos deadline) {
  Failure failure = connect(url, deadline);
  if (failure.empty() && url.tls) failure = begin_tls(url, deadline);
  if (!failure.empty()) return failure;
  if (!url.user.empty()) {
    add({"AUTH", url.user, url.password});
  } else if (!url.password.empty()) {
    add({"AUTH", url.password});
  }
  if (url.db != 0) add({"SELECT", std::to_string(url.db)});
  Failure refused;
  failure = exchange(deadline, [&](const redisReply& reply) {
    if (reply.type == REDIS_REPLY_ERROR && refused.empty()) refused = error_word(reply);
  });
  return failure.empty() ? refused : failure;
}

RedisConnection::Failure RedisConnection::connect(const RedisUrl& url, base::Nanos deadline) {
  Addresses addresses;
  Failure failure = look_up(url, addresses);
  for (addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    socket_.reset(::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) {
      failure = system_failure("socket");
      continue;
    }
    int now = 1;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
    bool begun = ::connect(socket_.get(), at->ai_addr, at->ai_addrlen) == 0;
    if (!begun && errno != EINPROGRESS) {
      failure = system_failure("connect");
      continue;
    }
    failure = wait(POLLOUT, deadline);
    if (!failure.empty()) continue;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return {};
    errno = error;
    failure = system_failure("connect");
  }
  return failure;
}

RedisConnection::Failure RedisConnection::begin_tls(const RedisUrl& url, base::Nanos deadline) {
  ::ERR_clear_error();
  tls_context_.reset(::SSL_CTX_new(::TLS_client_method()));
  if (!tls_context_) return tls_failure(nullptr);
  ::SSL_CTX_set_verify(tls_context_.get(), SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_min_proto_version(tls_context_.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_default_verify_paths(tls_context_.get());
  tls_.reset(::SSL_new(tls_context_.get()));
  if (!tls_) return tls_failure(nullptr);
  SSL* ssl = tls_.get();
  ::SSL_set_fd(ssl, socket_.get());
  if (net::parse_ip(url.host)) {
    ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl), url.host.c_str());
  } else {
    ::SSL_set1_host(ssl, url.host.c_str());
    ::SSL_set_tlsext_host_name(ssl, url.host.c_str());
  }
  for (;;) {
    ::ERR_clear_error();
    int result = ::SSL_connect(ssl);
    if (result == 1) return {};
    Failure failure = wait_for_tls(result, deadline);
    if (!failure.empty()) return failure;
  }
}

void RedisConnection::add(std::initializer_list<std::string_view> words) {
  output_ += '*' + std::to_string(words.size()) + "\r\n";
  for (std::string_view word : words) {
    output_.append("$").append(std::to_string(word.size())).append("\r\n");
    output_.append(word).append("\r\n");
  }
  ++queued_;
}

RedisConnection::Failure RedisConnection::exchange(base::Nanos deadline, const OnReply& on_reply) {
  Failure failure = send(deadline);
  while (failure.empty() && queued_ > 0) {
    void* reply = nullptr;
    if (::redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) return "not the protocol";
    if (reply == nullptr) {
      failure = receive(deadline);
      continue;
    }
    --queued_;
    on_reply(*static_cast<redisReply*>(reply));
    ::freeReplyObject(reply);
  }
  return failure;
}

RedisConnection::Failure RedisConnection::wait(short events, base::Nanos deadline) const {
  pollfd polled{socket_.get(), events, 0};
  for (;;) {
    base::Nanos left = deadline - base::monotonic_now();
    if (left <= 0) return "no answer in time";
    int milliseconds = static_cast<int>((left + base::kMillisecond - 1) / base::kMillisecond);
    int ready = ::poll(&polled, 1, milliseconds);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return system_failure("poll");
  }
}

RedisConnection::Failure RedisConnection::wait_for_tls(int result, base::Nanos deadline) const {
  switch (::SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return wait(POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE:
      return wait(POLLOUT, deadline);
    default:
      return tls_failure(tls_.get());
  }
}

RedisConnection::Failure RedisConnection::send(base::Nanos deadline) {
  std::string_view rest = output_;
  Failure failure;
  while (failure.empty() && !rest.empty()) {
    if (tls_) {
      size_t sent = 0;
      ::ERR_clear_error();
      int result = ::SSL_write_ex(tls_.get(), rest.data(), rest.size(), &sent);
      if (result == 1)
        rest.remove_prefix(sent);
      else
        failure = wait_for_tls(result, deadline);
      continue;
    }
    ssize_t sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent >= 0)
      rest.remove_prefix(static_cast<size_t>(sent));
    else if (errno == EAGAIN)
      failure = wait(POLLOUT, deadline);
    else if (errno != EINTR)
      failure = system_failure("send");
  }
  output_.clear();
  return failure;
}

RedisConnection::Failure RedisConnection::receive(base::Nanos deadline) {
  char bytes[kReceiveBytes];
  size_t got = 0;
  if (tls_) {
    ::ERR_clear_error();
    int result = ::SSL_read_ex(tls_.get(), bytes, sizeof bytes, &got);
    if (result != 1) return wait_for_tls(result, deadline);
  } else {
    ssize_t received = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (received == 0) return "it has closed the connection";
    if (received < 0 && errno == EAGAIN) return wait(POLLIN, deadline);
    if (received < 0) return errno == EINTR ? Failure() : system_failure("recv");
    got = static_cast<size_t>(received);
  }
  if (base::monotonic_now() >= deadline) return "no answer in time";
  bool understood = ::redisReaderFeed(reader_.get(), bytes, got) == REDIS_OK;
  return understood ? Failure() : "not the protocol";
}

}  // namespace howdah::serve

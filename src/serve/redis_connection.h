#pragma once

// A connection to one Redis: commands out in one write, their replies in, never longer than a
// deadline allows.
//
// hiredis reads the protocol. The socket is ours: hiredis' own calls can wait longer than they are
// told to when a server says a little now and then, and Debian 12's knows no TLS.

#include <hiredis/hiredis.h>
#include <openssl/types.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "serve/redis_url.h"

namespace howdah::serve {

// An error reply begins with a word for the kind of error; what follows may quote a command.
std::string error_word(const redisReply& reply);

// For a thread that may be held up: everything here blocks until its deadline (monotonic; looking
// up a name may take some seconds longer). After a failure the connection is of no use any more.
class RedisConnection {
 public:
  // What went wrong in words for a log, without secrets; empty = nothing.
  using Failure = std::string;

  RedisConnection();
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Connects, and for rediss:// checks the server's certificate and name; then AUTH and SELECT.
  // Once.
  Failure open(const RedisUrl& url, base::Nanos deadline);

  // Queues a command for the next exchange().
  void add(std::initializer_list<std::string_view> words);
  size_t queued() const { return queued_; }
  // Sends what is queued and hands over each reply in order. An error reply is a reply.
  using OnReply = std::function<void(const redisReply&)>;
  Failure exchange(base::Nanos deadline, const OnReply& on_reply);

 private:
  struct Free {
    void operator()(redisReader* reader) const { ::redisReaderFree(reader); }
    void operator()(SSL* ssl) const;
    void operator()(SSL_CTX* context) const;
  };

  Failure connect(const RedisUrl& url, base::Nanos deadline);
  Failure begin_tls(const RedisUrl& url, base::Nanos deadline);
  Failure send(base::Nanos deadline);
  Failure receive(base::Nanos deadline);
  // Until the socket is ready for `events`.
  Failure wait(short events, base::Nanos deadline) const;
  Failure wait_for_tls(int result, base::Nanos deadline) const;

  base::UniqueFd socket_;
  std::unique_ptr<SSL_CTX, Free> tls_context_;
  std::unique_ptr<SSL, Free> tls_;  // null on a plain connection
  std::unique_ptr<redisReader, Free> reader_;
  std::string output_;
  size_t queued_ = 0;
};

}  // namespace howdah::serve

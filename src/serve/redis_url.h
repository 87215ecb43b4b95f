#pragma once

// redis://[user:pass@]host[:port][/db] and rediss://, as RATE_LIMIT_STORE has them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace howdah::serve {

struct RedisUrl {
  bool tls = false;      // rediss
  std::string user;      // empty = Redis' default user
  std::string password;  // empty = none is sent
  std::string host;      // a name or an address, without brackets
  uint16_t port = 6379;
  uint32_t db = 0;

  // "host:port/db": for logs.
  std::string without_secrets() const;
};

// User and password may hold %XX. Nothing when the text is not such a URL.
std::optional<RedisUrl> parse_redis_url(std::string_view text);

}  // namespace howdah::serve

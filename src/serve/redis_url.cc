#include "serve/redis_url.h"

#include <charconv>

#include "http/chars.h"

namespace howdah::serve {
namespace {

constexpr uint32_t kMostDatabases = 1 << 24;

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool parse_number(std::string_view text, uint32_t least, uint32_t most, uint32_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value >= least && value <= most;
}

bool parse_user(std::string_view text, RedisUrl& url) {
  size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  return http::decode_percent(text.substr(0, colon), url.user) &&
         http::decode_percent(text.substr(colon + 1), url.password);
}

bool parse_host(std::string_view text, RedisUrl& url) {
  size_t end = text.find(':');
  if (take_prefix(text, "[")) {
    end = text.find(']');
    if (end == std::string_view::npos) return false;
    url.host = text.substr(0, end);
    text.remove_prefix(end + 1);
  } else {
    url.host = text.substr(0, end);
    text.remove_prefix(url.host.size());
  }
  if (url.host.empty()) return false;
  if (text.empty()) return true;
  uint32_t port = 0;
  if (!take_prefix(text, ":") || !parse_number(text, 1, UINT16_MAX, port)) return false;
  url.port = static_cast<uint16_t>(port);
  return true;
}

}  // namespace

std::string RedisUrl::without_secrets() const {
  std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return shown + ":" + std::to_string(port) + "/" + std::to_string(db);
}

std::optional<RedisUrl> parse_redis_url(std::string_view text) {
  RedisUrl url;
  url.tls = take_prefix(text, "rediss://");
  if (!url.tls && !take_prefix(text, "redis://")) return std::nullopt;
  if (text.find_first_of("?#") != std::string_view::npos) return std::nullopt;
  size_t slash = text.find('/');
  std::string_view authority = text.substr(0, slash);
  std::string_view db = slash == std::string_view::npos ? "" : text.substr(slash + 1);
  if (!db.empty() && !parse_number(db, 0, kMostDatabases, url.db)) return std::nullopt;
  if (size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (!parse_user(authority.substr(0, at), url)) return std::nullopt;
    authority.remove_prefix(at + 1);
  }
  return parse_host(authority, url) ? std::optional(url) : std::nullopt;
}

}  // namespace howdah::serve

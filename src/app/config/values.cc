#include "app/config/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include "app/config/otlp_target.h"
#include "app/config/units.h"
#include "app/watch/path_glob.h"
#include "http/chars.h"
#include "http/response_rules.h"
#include "net/listener.h"
#include "serve/redis_url.h"

namespace howdah::app {
namespace {

constexpr size_t kMaxServiceName = 128;

bool is_ipv4(const std::string& text) {
  in_addr address;
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

// A name of digits and dots that is no address: 1.2.3, 300.0.0.1.
bool is_broken_ipv4(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos &&
         !is_ipv4(text);
}

template <class T, size_t kCount>
const T* find_choice(const std::array<std::pair<std::string_view, T>, kCount>& choices,
                     std::string_view text) {
  for (const auto& [name, value] : choices) {
    if (equals_ignoring_case(name, text)) return &value;
  }
  return nullptr;
}

using base::LogLevel;
// The four levels, then PSR-3's and trace mapped onto them.
constexpr std::array<std::pair<std::string_view, LogLevel>, 10> kLevels = {{
    {"debug", LogLevel::kDebug},
    {"info", LogLevel::kInfo},
    {"warn", LogLevel::kWarn},
    {"error", LogLevel::kError},
    {"trace", LogLevel::kDebug},
    {"notice", LogLevel::kInfo},
    {"warning", LogLevel::kWarn},
    {"critical", LogLevel::kError},
    {"alert", LogLevel::kError},
    {"emergency", LogLevel::kError},
}};

constexpr std::array<std::pair<std::string_view, LogFormat>, 3> kFormats = {
    {{"auto", LogFormat::kAuto}, {"json", LogFormat::kJson}, {"text", LogFormat::kText}}};

using base::ContentCoding;
constexpr std::array<std::pair<std::string_view, ContentCoding>, 3> kCodings = {
    {{"br", ContentCoding::kBrotli},
     {"zstd", ContentCoding::kZstd},
     {"gzip", ContentCoding::kGzip}}};

std::string check_service_name(std::string_view text) {
  bool printable =
      std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  return printable && text.size() <= kMaxServiceName ? "" : "too long or not printable";
}

std::string unknown(std::string_view item) { return "unknown: " + std::string(item); }

}  // namespace

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> items;
  while (!text.empty()) {
    size_t end = std::min(text.find(separator), text.size());
    std::string_view item = trim(text.substr(0, end));
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return items;
}

std::string check_address(std::string_view text) {
  auto address = net::parse_listen_address(text);
  if (!address) return address.error().message() + ": " + std::string(text);
  if (is_broken_ipv4(address->host)) return "not an IPv4 address: " + address->host;
  return "";
}

std::string parse_listen(std::string_view text, Config& config) {
  config.listen = split_list(text, ',');
  if (config.listen.empty()) return "no address";
  for (const std::string& address : config.listen) {
    std::string wrong = check_address(address);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::string parse_internal_addr(std::string_view text, Config& config) {
  config.internal_addr = text;
  return text.empty() ? "" : check_address(text);
}

std::string parse_tls_listen(std::string_view text, Config& config) {
  config.tls_listen = split_list(text, ',');
  if (config.tls_listen.empty() && !text.empty()) return "no address";
  for (const std::string& address : config.tls_listen) {
    std::string wrong = check_address(address);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::string parse_ini_set(std::string_view text, Config& config) {
  config.php_ini_set = split_list(text, ';');
  for (const std::string& entry : config.php_ini_set) {
    size_t equals = entry.find('=');
    if (equals == std::string::npos || trim(entry.substr(0, equals)).empty()) {
      return "no name=value: " + entry;
    }
  }
  return "";
}

std::string parse_sapi_name(std::string_view text, Config& config) {
  config.php_sapi_name = text;
  for (const std::string& name : split_list(kSapiNames, ',')) {
    if (name == text) return "";
  }
  return "OPcache does not run under this name";
}

std::string parse_php_deny(std::string_view text, Config& config) {
  config.php_deny = split_list(text, ',');
  for (const std::string& pattern : config.php_deny) {
    if (pattern.front() != '/') return "a pattern starts with /: " + pattern;
  }
  return "";
}

std::string parse_watch_ignore(std::string_view text, Config& config) {
  config.watch_ignore = split_patterns(text);
  return check_patterns(text);
}

std::string parse_log_level(std::string_view text, Config& config) {
  const LogLevel* level = find_choice(kLevels, text);
  if (level == nullptr) return "unknown level";
  config.log_level = *level;
  return "";
}

std::string parse_log_format(std::string_view text, Config& config) {
  const LogFormat* format = find_choice(kFormats, text);
  if (format == nullptr) return "unknown format";
  config.log_format = *format;
  return "";
}

std::string parse_service_name(std::string_view text, Config& config) {
  config.service_name = text;
  return check_service_name(text);
}

std::string parse_rate_window(std::string_view text, Config& config) {
  auto window = parse_duration(text);
  if (!window) return "not a duration";
  config.rate_window = window->value;
  return window->value == 0 ? "a window of no length" : "";
}

std::string parse_rate_store(std::string_view text, Config& config) {
  config.rate_limit_store.clear();
  if (text == "memory") return "";
  config.rate_limit_store = text;
  // The text may hold a password: it is not repeated.
  return serve::parse_redis_url(text) ? "" : "neither memory nor a Redis URL";
}

std::string parse_proxies(std::string_view text, Config& config) {
  config.trusted_proxies = {};
  for (const std::string& item : split_list(text, ',')) {
    if (!config.trusted_proxies.add(item)) return "neither an address nor a network: " + item;
  }
  return "";
}

std::string parse_compression(std::string_view text, Config& config) {
  base::CodingList& list = config.compression;
  list = {};
  if (equals_ignoring_case(text, "off")) return "";
  for (const std::string& item : split_list(text, ',')) {
    const ContentCoding* coding = find_choice(kCodings, item);
    if (coding == nullptr) return unknown(item);
    if (std::ranges::find(list, *coding) != list.end()) return "named twice: " + item;
    list.codings[list.count++] = *coding;
  }
  return list.empty() ? "no coding" : "";
}

std::string parse_connections_per_ip(std::string_view text, Config& config) {
  config.max_connections_per_ip = 0;
  if (equals_ignoring_case(text, "off")) return "";
  auto number = parse_integer(text);
  if (!number || *number == 0 || *number > INT32_MAX) return "not a number of connections";
  config.max_connections_per_ip = static_cast<uint32_t>(*number);
  return "";
}

// A part between two semicolons that does not begin with a name belongs to the value before it:
// "Strict-Transport-Security: max-age=1; includeSubDomains".
std::string parse_headers(std::string_view text, Config& config) {
  auto& headers = config.response_headers;
  headers.clear();
  for (const std::string& item : split_list(text, ';')) {
    std::string_view part = item;
    size_t colon = part.find(':');
    bool named = colon != std::string_view::npos && http::is_token(part.substr(0, colon));
    if (named) {
      headers.emplace_back(part.substr(0, colon), trim(part.substr(colon + 1)));
    } else if (!headers.empty()) {
      headers.back().second.append("; ").append(part);
    } else {
      return "no Name: value: " + item;
    }
  }
  for (const auto& [name, value] : headers) {
    if (!http::valid_response_field(name, value)) return "not a valid header: " + name;
    if (http::is_hop_by_hop(name) || http::iequals(name, "content-length")) {
      return "not for a setting to say: " + name;
    }
  }
  return "";
}

std::string parse_otlp_endpoint(std::string_view text, Config& config) {
  config.otlp_endpoint = text;
  return text.empty() || parse_otlp_target(text) ? "" : "not such a URL";
}

std::string parse_otlp_headers(std::string_view text, Config& config) {
  if (!parse_pairs(text, config.otlp_headers)) return "no name=value";
  for (const auto& [name, value] : config.otlp_headers) {
    if (!http::valid_response_field(name, value)) return "not a valid header: " + name;
    if (http::is_hop_by_hop(name) || http::iequals(name, "content-length")) {
      return "not for a setting to say: " + name;
    }
  }
  return "";
}

std::string parse_otel_resource(std::string_view text, Config& config) {
  return parse_pairs(text, config.otel_resource) ? "" : "no name=value";
}

std::string parse_otel_service_name(std::string_view text, Config& config) {
  config.otel_service_name = text;
  return check_service_name(text);
}

std::string parse_trace_ratio(std::string_view text, Config& config) {
  double& ratio = config.trace_ratio;
  ratio = 1;
  if (text.empty()) return "";
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ratio);
  const bool number = error == std::errc() && end == text.data() + text.size();
  // Not so for what is no number, either.
  return number && ratio >= 0 && ratio <= 1 ? "" : "not such a number";
}

std::string level_of_rust_log(std::string_view text) {
  text = trim(text);
  if (text.starts_with("tokio_php=")) text.remove_prefix(text.find('=') + 1);
  return find_choice(kLevels, text) != nullptr ? std::string(text) : "info";
}

}  // namespace howdah::app

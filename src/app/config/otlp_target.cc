#include "app/config/otlp_target.h"

#include <algorithm>

#include "app/config/units.h"
#include "app/config/values.h"
#include "http/chars.h"
#include "http/host.h"

namespace howdah::app {
namespace {

constexpr uint16_t kHttpPort = 80;
constexpr uint16_t kHttpsPort = 443;
constexpr std::string_view kSignalPath = "/v1/traces";

}  // namespace

std::optional<OtlpTarget> parse_otlp_target(std::string_view url) {
  OtlpTarget target;
  constexpr std::string_view kHttp = "http://", kHttps = "https://";
  target.tls = url.starts_with(kHttps);
  if (!target.tls && !url.starts_with(kHttp)) return std::nullopt;
  url.remove_prefix(target.tls ? kHttps.size() : kHttp.size());
  if (!http::is_visible_ascii(url) || url.find_first_of("?#@") != std::string_view::npos) {
    return std::nullopt;
  }
  size_t slash = std::min(url.find('/'), url.size());
  target.authority = url.substr(0, slash);
  auto host = http::parse_host(target.authority);
  if (!host || host->port == 0) return std::nullopt;
  target.host = host->name;
  if (target.host.starts_with('[')) target.host = target.host.substr(1, target.host.size() - 2);
  target.port = host->port.value_or(target.tls ? kHttpsPort : kHttpPort);
  std::string_view base = url.substr(slash);
  while (base.ends_with('/')) base.remove_suffix(1);
  target.path.assign(base).append(kSignalPath);
  return target;
}

bool parse_pairs(std::string_view text, Pairs& pairs) {
  pairs.clear();
  for (const std::string& item : split_list(text, ',')) {
    std::string_view part = item;
    size_t equals = part.find('=');
    if (equals == std::string_view::npos) return false;
    std::string name(trim(part.substr(0, equals))), value;
    if (name.empty() || !http::is_visible_ascii(name) ||
        !http::decode_percent(trim(part.substr(equals + 1)), value))
      return false;
    pairs.emplace_back(std::move(name), std::move(value));
  }
  return true;
}

}  // namespace howdah::app

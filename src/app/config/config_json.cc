#include "app/config/config_json.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "app/config/checks.h"
#include "app/config/settings.h"
#include "app/config/units.h"

namespace howdah::app {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Config& config, const Setting& setting) {
  const FoundSetting& value = found(config, setting.name);
  std::string_view text = value.text.empty() ? setting.default_text : std::string_view(value.text);
  if (text.empty()) return nullptr;
  if (setting.secrecy != Secrecy::kPublic && value.origin != Origin::kDefault) return "***";
  if (std::holds_alternative<BooleanKind>(setting.kind)) return parse_boolean(text).value_or(false);
  bool text_kind = std::holds_alternative<TextKind>(setting.kind);
  if (auto number = parse_integer(text); number && !text_kind) return *number;
  return std::string(text);
}

std::string lower(std::string_view name) {
  std::string out;
  for (unsigned char c : name) out += static_cast<char>(std::tolower(c));
  return out;
}

}  // namespace

std::string config_json(const Config& config) {
  auto of = [&](std::string_view name) { return json_of(config, *find_setting(name)); };
  Json json;
  json["listen_addr"] = of("LISTEN_ADDR");
  json["document_root"] = config.document_root;
  json["workers"] = config.php_workers;
  json["php_workers_max"] = config.php_workers_max;
  json["queue_capacity"] = config.queue_capacity;
  json["executor"] = config.use_stub ? "stub" : config.use_ext ? "ext" : "php";
  json["index_file"] = of("INDEX_FILE");
  json["internal_addr"] = of("INTERNAL_ADDR");
  json["tls_enabled"] = !of("TLS_CERT").is_null();
  json["drain_timeout_secs"] = of("DRAIN_TIMEOUT_SECS");
  json["static_cache_ttl"] = of("STATIC_CACHE_TTL");
  json["request_timeout"] = of("REQUEST_TIMEOUT");
  json["profile_enabled"] = of("PROFILE");
  json["access_log_enabled"] = of("ACCESS_LOG");
  json["rate_limit"] = of("RATE_LIMIT");
  json["rate_window_secs"] = of("RATE_WINDOW");
  json["error_pages_enabled"] = !of("ERROR_PAGES_DIR").is_null();
  json["front_threads"] = config.front_threads;
  json["php_program"] = config.php_program;
  for (const Setting& setting : settings()) {
    std::string name = lower(setting.name);
    bool renamed = name == "php_workers" || name == "access_log" || name == "rate_window" ||
                   name == "profile" || name == "howdah_php";
    if (!renamed && !json.contains(name)) json[name] = json_of(config, setting);
  }
  // A path may hold any byte.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace howdah::app

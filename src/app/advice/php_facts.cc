#include "app/advice/php_facts.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "app/config/units.h"

namespace howdah::app {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::vector<std::string> texts_of(const json& list) {
  std::vector<std::string> texts;
  if (!list.is_array()) return texts;
  for (const json& value : list) texts.push_back(text_of(value));
  return texts;
}

}  // namespace

std::string_view PhpFacts::value(std::string_view name) const {
  auto found = ini.find(name);
  return found == ini.end() ? std::string_view() : std::string_view(found->second);
}

bool PhpFacts::flag(std::string_view name) const {
  std::string_view text = trim(value(name));
  for (std::string_view word : {"true", "yes", "on"}) {
    if (equals_ignoring_case(text, word)) return true;
  }
  return number(name) != 0;
}

int64_t PhpFacts::number(std::string_view name) const {
  std::string_view text = trim(value(name));
  int64_t found = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), found);
  if (status != std::errc()) return 0;
  int shift = 0;
  switch (end == text.data() + text.size() ? '\0' : text.back()) {
    case 'g':
    case 'G':
      shift = 30;
      break;
    case 'm':
    case 'M':
      shift = 20;
      break;
    case 'k':
    case 'K':
      shift = 10;
      break;
    default:
      break;
  }
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  return found > (kMost >> shift) ? kMost : found * (int64_t{1} << shift);
}

bool PhpFacts::has_zend_extension(std::string_view name) const {
  return std::ranges::find(zend_extensions, name) != zend_extensions.end();
}

std::optional<PhpFacts> parse_php_facts(std::string_view text) {
  json report = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!report.is_object() || !report["php"].is_string() || !report["ini"].is_object()) return {};
  PhpFacts facts;
  facts.version = text_of(report["php"]);
  facts.ini_file = text_of(report["ini_file"]);
  for (const auto& [name, value] : report["ini"].items()) facts.ini[name] = text_of(value);
  facts.extensions = texts_of(report["extensions"]);
  facts.zend_extensions = texts_of(report["zend_extensions"]);
  facts.executor_replaced = report["executor_replaced"] == true;
  if (!report["directories"].is_object()) return facts;
  for (const auto& [setting, directory] : report["directories"].items()) {
    if (!directory.is_object()) continue;
    facts.directories.push_back({.setting = setting,
                                 .path = text_of(directory.value("path", json())),
                                 .writable = directory.value("writable", json()) == true});
  }
  return facts;
}

}  // namespace howdah::app

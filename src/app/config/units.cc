#include "app/config/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>
#include <utility>

namespace howdah::app {
namespace {

using Unit = std::pair<std::string_view, int64_t>;

constexpr std::array<Unit, 7> kDurationUnits = {{{"y", 365 * 86400 * base::kSecond},
                                                 {"w", 7 * 86400 * base::kSecond},
                                                 {"d", 86400 * base::kSecond},
                                                 {"h", 3600 * base::kSecond},
                                                 {"m", 60 * base::kSecond},
                                                 {"s", base::kSecond},
                                                 {"ms", base::kMillisecond}}};
constexpr std::array<Unit, 3> kSizeUnits = {{{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}}};

// Digits, then the rest. Nothing when there is no digit or the number is too large.
std::optional<std::pair<uint64_t, std::string_view>> split_number(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (digits == 0 || error != std::errc()) return std::nullopt;
  return std::pair(number, text.substr(digits));
}

// `text` in units of `units`; a bare number is multiplied by `bare`. Nothing past `limit`.
std::optional<uint64_t> scale(std::string_view text, std::span<const Unit> units, uint64_t bare,
                              uint64_t limit) {
  auto parts = split_number(text);
  if (!parts) return std::nullopt;
  uint64_t factor = 0;
  if (parts->second.empty()) factor = bare;
  for (const auto& [name, size] : units) {
    if (equals_ignoring_case(parts->second, name)) factor = static_cast<uint64_t>(size);
  }
  if (factor == 0 || parts->first > limit / factor) return std::nullopt;
  return parts->first * factor;
}

std::string format_exact(uint64_t value, std::span<const Unit> units, std::string_view zero) {
  if (value == 0) return std::string(zero);
  for (const auto& [name, size] : units) {
    auto factor = static_cast<uint64_t>(size);
    if (value % factor == 0) return fmt::format("{}{}", value / factor, name);
  }
  return std::to_string(value);
}

}  // namespace

std::optional<ParsedDuration> parse_duration(std::string_view text) {
  if (equals_ignoring_case(text, "off")) return ParsedDuration{0, true};
  // Unlike sizes: M could be taken for months.
  if (std::ranges::any_of(text, [](unsigned char c) { return std::isupper(c) != 0; })) {
    return std::nullopt;
  }
  auto value = scale(text, kDurationUnits, base::kSecond, kLongestDuration);
  if (!value) return std::nullopt;
  return ParsedDuration{static_cast<base::Nanos>(*value), false};
}

std::optional<uint64_t> parse_size(std::string_view text) {
  if (equals_ignoring_case(text, "off")) return 0;
  return scale(text, kSizeUnits, 1, INT64_MAX);
}

std::optional<bool> parse_boolean(std::string_view text) {
  for (std::string_view yes : {"1", "true", "on", "yes"}) {
    if (equals_ignoring_case(text, yes)) return true;
  }
  for (std::string_view no : {"0", "false", "off", "no"}) {
    if (equals_ignoring_case(text, no)) return false;
  }
  return std::nullopt;
}

std::optional<uint64_t> parse_integer(std::string_view text) {
  auto parts = split_number(text);
  if (!parts || !parts->second.empty()) return std::nullopt;
  return parts->first;
}

std::string format_duration(base::Nanos value) {
  return format_exact(static_cast<uint64_t>(value), kDurationUnits, "off");
}

std::string format_size(uint64_t bytes) { return format_exact(bytes, kSizeUnits, "0"); }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace howdah::app

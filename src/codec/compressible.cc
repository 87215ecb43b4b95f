#include "codec/compressible.h"

#include <algorithm>

namespace howdah::codec {
namespace {

constexpr std::string_view kTypes[] = {
    "text/html",
    "text/css",
    "text/plain",
    "text/xml",
    "text/javascript",
    "application/javascript",
    "application/json",
    "application/xml",
    "application/xhtml+xml",
    "application/rss+xml",
    "application/atom+xml",
    "application/manifest+json",
    "application/ld+json",
    "application/wasm",
    "application/vnd.ms-fontobject",
    "image/svg+xml",
    "font/ttf",
    "font/otf",
};

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool equals_in_any_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::ranges::equal(text, lower, {}, to_lower);
}

// Up to the first of `ends`, without the spaces around it.
std::string_view word_before(std::string_view text, std::string_view ends) {
  text = text.substr(0, text.find_first_of(ends));
  size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

bool is_compressible_type(std::string_view content_type) {
  std::string_view type = word_before(content_type, ";");
  return std::ranges::any_of(
      kTypes, [&](std::string_view known) { return equals_in_any_case(type, known); });
}

bool is_media_type(std::string_view content_type, std::string_view type) {
  return equals_in_any_case(word_before(content_type, ";"), type);
}

bool list_holds_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    size_t comma = std::min(list.find(','), list.size());
    if (equals_in_any_case(word_before(list.substr(0, comma), "=;"), token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace howdah::codec

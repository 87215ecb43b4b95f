#include "http/chars.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace howdah::http {
namespace {

using Table = std::array<bool, 256>;

constexpr Table kTokenChars = [] {
  Table table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (unsigned char c : std::string_view("!#$%&'*+-.^_`|~")) table[c] = true;
  return table;
}();

constexpr bool is_control(unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; }

constexpr uint64_t repeat(uint8_t byte) { return 0x0101010101010101u * byte; }

// May be a tab: the caller looks again.
bool may_hold_control(uint64_t word) {
  uint64_t below_space = (word - repeat(0x20)) & ~word;
  uint64_t del = word ^ repeat(0x7f);
  uint64_t is_del = (del - repeat(1)) & ~del;
  return ((below_space | is_del) & repeat(0x80)) != 0;
}

bool is_ows(char c) { return c == ' ' || c == '\t'; }

}  // namespace

bool is_token_char(char c) { return kTokenChars[static_cast<unsigned char>(c)]; }

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool has_control(std::string_view text) {
  while (text.size() >= sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    if (may_hold_control(word) &&
        std::any_of(text.begin(), text.begin() + sizeof word, is_control)) {
      return true;
    }
    text.remove_prefix(sizeof word);
  }
  return std::any_of(text.begin(), text.end(), is_control);
}

bool valid_field_value(std::string_view value) {
  if (value.empty()) return true;
  return !is_ows(value.front()) && !is_ows(value.back()) && !has_control(value);
}

bool is_visible_ascii(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x21 && c <= 0x7e; });
}

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return x == y || to_lower(x) == to_lower(y);
         });
}

std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && is_ows(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ows(text.back())) text.remove_suffix(1);
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool decode_percent(std::string_view text, std::string& out) {
  out.clear();
  for (;;) {
    size_t plain = std::min(text.find('%'), text.size());
    out.append(text, 0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return true;
    if (text.size() < 3) return false;
    int high = hex_digit(text[1]);
    int low = hex_digit(text[2]);
    if (high < 0 || low < 0) return false;
    out.push_back(static_cast<char>(high << 4 | low));
    text.remove_prefix(3);
  }
}

}  // namespace howdah::http

#include "http/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "http/chars.h"

namespace howdah::http {
namespace {

// Unreserved characters and sub-delimiters of RFC 3986; "%" is looked at apart.
constexpr std::array<bool, 256> kRegNameChars = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (unsigned char c : std::string_view("-._~!$&'()*+,;=")) table[c] = true;
  return table;
}();

bool valid_reg_name(std::string_view name) {
  if (name.empty()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (kRegNameChars[static_cast<unsigned char>(name[i])]) continue;
    if (name[i] != '%' || name.size() - i < 3) return false;
    if (hex_digit(name[i + 1]) < 0 || hex_digit(name[i + 2]) < 0) return false;
    i += 2;
  }
  return true;
}

bool valid_ipv6(std::string_view address) {
  char text[INET6_ADDRSTRLEN];
  if (address.size() >= sizeof text) return false;
  // inet_pton reads up to a NUL, so a NUL inside must not shorten what is checked.
  if (address.find('\0') != std::string_view::npos) return false;
  *std::copy(address.begin(), address.end(), text) = '\0';
  in6_addr parsed;
  return inet_pton(AF_INET6, text, &parsed) == 1;
}

// False when it is no port. An empty one is allowed by RFC 3986 and means none.
bool parse_port(std::string_view digits, std::optional<uint16_t>& port) {
  if (digits.empty()) return true;
  if (digits.size() > 5) return false;
  unsigned value = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > 65535) return false;
  port = static_cast<uint16_t>(value);
  return true;
}

}  // namespace

std::optional<Host> parse_host(std::string_view text) {
  Host host;
  size_t name_end;
  if (text.starts_with('[')) {
    size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || !valid_ipv6(text.substr(1, bracket - 1))) {
      return std::nullopt;
    }
    name_end = bracket + 1;
  } else {
    name_end = std::min(text.find(':'), text.size());
    if (!valid_reg_name(text.substr(0, name_end))) return std::nullopt;
  }
  host.name = text.substr(0, name_end);
  std::string_view rest = text.substr(name_end);
  if (rest.empty()) return host;
  if (rest[0] != ':' || !parse_port(rest.substr(1), host.port)) return std::nullopt;
  return host;
}

}  // namespace howdah::http

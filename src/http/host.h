#pragma once

// The authority of a request: what a Host field, an absolute target or a CONNECT target may say.

#include <cstdint>
#include <optional>
#include <string_view>

namespace howdah::http {

struct Host {
  std::string_view name;  // "example.com", "192.0.2.1" or "[2001:db8::1]", in the bytes received
  std::optional<uint16_t> port;
};

// Views into `text`. Nothing when it is not host[:port] by RFC 3986 3.2.2 (user information, zone
// identifiers and future address literals are refused), is empty, or the port is above 65535.
std::optional<Host> parse_host(std::string_view text);

}  // namespace howdah::http

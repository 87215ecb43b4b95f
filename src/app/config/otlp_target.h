#pragma once

// What the OTEL_ settings say, in the forms that OpenTelemetry gives them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace howdah::app {

// Where spans are posted.
struct OtlpTarget {
  bool tls = false;
  std::string host;  // a name or an address, IPv6 without brackets
  uint16_t port = 0;
  std::string authority;  // as the URL has it: for the Host field
  std::string path;       // with the /v1/traces that is put behind the URL's own
};

// Nothing when it is not http:// or https://, a host, perhaps a port and a path. No user, query or
// fragment: a password belongs in OTEL_EXPORTER_OTLP_HEADERS.
std::optional<OtlpTarget> parse_otlp_target(std::string_view url);

using Pairs = std::vector<std::pair<std::string, std::string>>;
// "name=value,name=value", values in percent-encoding (W3C Baggage). False when it is not that.
bool parse_pairs(std::string_view text, Pairs& pairs);

}  // namespace howdah::app

#include "net/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace howdah::net {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedBits = 96;

template <class T>
bool parse_digits(std::string_view text, T& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool same_bits(const IpAddress& a, const IpAddress& b, unsigned bits) {
  size_t whole = bits / 8;
  if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) return false;
  unsigned rest = bits % 8;
  if (rest == 0) return true;
  unsigned differing = a.bytes[whole] ^ b.bytes[whole];
  return differing >> (8 - rest) == 0;
}

}  // namespace

bool IpAddress::is_ipv4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

IpAddress ipv4_address(const void* four_bytes) {
  IpAddress address;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
  std::memcpy(&address.bytes[kMappedPrefix.size()], four_bytes, 4);
  return address;
}

IpAddress ipv6_address(const void* sixteen_bytes) {
  IpAddress address;
  std::memcpy(address.bytes.data(), sixteen_bytes, address.bytes.size());
  return address;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  char copy[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof copy) return std::nullopt;
  // inet_pton reads up to a NUL, so a NUL inside must not shorten what is checked.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  *std::copy(text.begin(), text.end(), copy) = '\0';
  in_addr four;
  if (::inet_pton(AF_INET, copy, &four) == 1) return ipv4_address(&four);
  in6_addr six;
  if (::inet_pton(AF_INET6, copy, &six) == 1) return ipv6_address(&six);
  return std::nullopt;
}

// The lower half of an IPv4 address's notation, the upper half of any other. The two cannot be the
// same: no network begins with 0:ffff.
uint64_t client_key(const IpAddress& address) {
  uint64_t key;
  std::memcpy(&key, &address.bytes[address.is_ipv4() ? 8 : 0], sizeof key);
  return key;
}

IpText::IpText(const IpAddress& address) {
  if (address.is_ipv4()) {
    ::inet_ntop(AF_INET, &address.bytes[kMappedPrefix.size()], text_, sizeof text_);
  } else {
    ::inet_ntop(AF_INET6, address.bytes.data(), text_, sizeof text_);
  }
}

std::optional<Endpoint> endpoint_of(const sockaddr_storage& name) {
  if (name.ss_family == AF_INET) {
    auto& four = reinterpret_cast<const sockaddr_in&>(name);
    return Endpoint{ipv4_address(&four.sin_addr), ntohs(four.sin_port)};
  }
  if (name.ss_family == AF_INET6) {
    auto& six = reinterpret_cast<const sockaddr_in6&>(name);
    return Endpoint{ipv6_address(&six.sin6_addr), ntohs(six.sin6_port)};
  }
  return std::nullopt;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port;
  return parse_digits(text, port) ? std::optional(port) : std::nullopt;
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    host = text.substr(1, bracket - 1);
    // Brackets are for IPv6 only.
    if (host.find(':') == std::string_view::npos) return std::nullopt;
    port = text.substr(bracket + 1);
  } else if (size_t colon = text.find(':'); colon != std::string_view::npos) {
    // More colons than one: an IPv6 address without brackets.
    if (text.find(':', colon + 1) == std::string_view::npos) {
      host = text.substr(0, colon);
      port = text.substr(colon);
    }
  }
  auto ip = parse_ip(host);
  if (!ip) return std::nullopt;
  if (port.empty()) return Endpoint{*ip, 0};
  auto number = port.starts_with(':') ? parse_port(port.substr(1)) : std::nullopt;
  if (!number) return std::nullopt;
  return Endpoint{*ip, *number};
}

bool PeerList::add(std::string_view text) {
  if (text == "unix") {
    unix_sockets_ = true;
    return true;
  }
  size_t slash = text.find('/');
  std::string_view host = text.substr(0, slash);
  auto address = parse_ip(host);
  if (!address) return false;
  unsigned least = host.find(':') == std::string_view::npos ? kMappedBits : 0;
  unsigned most = 128 - least;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    if (!parse_digits(text.substr(slash + 1), bits) || bits > most) return false;
  }
  networks_.push_back({*address, least + bits});
  return true;
}

bool PeerList::contains(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return same_bits(network.address, address, network.bits);
  });
}

bool PeerList::contains(const std::optional<IpAddress>& address) const {
  return address ? contains(*address) : unix_sockets_;
}

}  // namespace howdah::net

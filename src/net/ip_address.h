#pragma once

// IP addresses as numbers: to compare, to count by, to look up in a list of networks.

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace howdah::net {

// Of either family; IPv4 in IPv6's notation for it (::ffff:192.0.2.1), so that a client is the same
// on a socket of either kind.
struct IpAddress {
  std::array<uint8_t, 16> bytes{};

  bool is_ipv4() const;
  bool operator==(const IpAddress&) const = default;
};

IpAddress ipv4_address(const void* four_bytes);
IpAddress ipv6_address(const void* sixteen_bytes);
// "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"; nothing for any other text.
std::optional<IpAddress> parse_ip(std::string_view text);

// What one customer gets: an IPv4 address, an IPv6 network of 64 bits. Another number for each.
uint64_t client_key(const IpAddress& address);

// An address in printed form; IPv4 as IPv4.
class IpText {
 public:
  IpText() = default;
  explicit IpText(const IpAddress& address);
  std::string_view view() const { return text_; }

 private:
  char text_[INET6_ADDRSTRLEN] = "";
};

struct Endpoint {
  IpAddress ip;
  uint16_t port = 0;
};
// Nothing for a unix socket.
std::optional<Endpoint> endpoint_of(const sockaddr_storage& name);
// "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80"; port 0 = not
// given. Nothing for any other text.
std::optional<Endpoint> parse_endpoint(std::string_view text);
// Digits up to 65535.
std::optional<uint16_t> parse_port(std::string_view text);

// A set of peers: networks, and perhaps whoever comes by a unix socket. Immutable once filled.
class PeerList {
 public:
  // "10.0.0.0/8", "2001:db8::/32", "192.0.2.1" or "unix". False when it is none of these.
  bool add(std::string_view text);
  bool contains(const IpAddress& address) const;
  // Nothing stands for a peer of a unix socket.
  bool contains(const std::optional<IpAddress>& address) const;

 private:
  struct Network {
    IpAddress address;
    unsigned bits;  // that count, of 128
  };
  std::vector<Network> networks_;
  bool unix_sockets_ = false;
};

}  // namespace howdah::net

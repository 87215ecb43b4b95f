#pragma once

// The variables of a request as PHP sees them (CONTRACT section 4), as nginx and PHP-FPM have them.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "channel/request_codec.h"
#include "http/message.h"
#include "http/trace_context.h"
#include "net/ip_address.h"
#include "serve/origin.h"
#include "serve/router.h"

namespace howdah::serve {

// REMOTE_ADDR of a client of a unix socket.
inline constexpr std::string_view kUnixClient = "unix:";

// How a client has come.
enum class Entrance : uint8_t {
  kPlain,
  kTls,
  kMistaken,  // plain HTTP to a port that speaks TLS
};

// The two ends of a client connection in printed form, looked up once; a PROXY header replaces
// them.
struct ConnectionAddresses {
  std::string client_ip;                 // "unix:" for a unix socket
  std::string client_port;               // empty for a unix socket
  std::string server_ip;                 // "unix:/path" for a unix socket
  std::string server_port;               // empty for a unix socket
  std::optional<net::IpAddress> client;  // nothing for a unix socket
  bool trusted = false;                  // one of TRUSTED_PROXIES
  bool counted = false;                  // in SharedServices::clients
  Entrance entrance = Entrance::kPlain;
  std::string_view tls;  // "TLSv1.3", a literal; empty on a plain connection
  // With PROFILE: how long the handshake took, and what ALPN came to (a literal; may be empty).
  base::Nanos tls_handshake = 0;
  std::string_view alpn;
};

// From a connected socket. Nothing when the client has reset it already: such a one must not pass
// for somebody else.
std::optional<ConnectionAddresses> addresses_of(int fd);

void print_endpoint(const net::Endpoint& endpoint, std::string& ip, std::string& port);

struct CgiRequest {
  const http::RequestHead& head;
  const Route& route;
  std::string_view query;
  const std::string& document_root;
  std::string_view worker_script;  // its path; empty = the route's file is the script
  const ConnectionAddresses& addresses;
  const Origin& origin;
  uint64_t body_size = 0;
  bool has_body = false;
  const http::TraceContext& trace;
  std::string_view traceparent;  // this request's
  std::string_view request_id;
};

// Fills `encoder` from its begin() on. `scratch` is memory to put values together in.
void encode_cgi(const CgiRequest& request, channel::RequestEncoder& encoder, std::string& scratch);

}  // namespace howdah::serve

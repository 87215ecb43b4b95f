#pragma once

// The variables of a request as PHP sees them (CONTRACT section 4), as nginx and PHP-FPM have them.

#include <optional>
#include <string>
#include <string_view>

#include "channel/request_codec.h"
#include "http/message.h"
#include "http/trace_context.h"
#include "serve/router.h"

namespace howdah::serve {

// How a client has come.
enum class Entrance : uint8_t {
  kPlain,
  kTls,
  kMistaken,  // plain HTTP to a port that speaks TLS
};

// The two ends of a client connection in printed form, looked up once.
struct ConnectionAddresses {
  std::string client_ip;    // "unix:" for a unix socket
  std::string client_port;  // empty for a unix socket
  std::string server_ip;
  std::string server_port;
  Entrance entrance = Entrance::kPlain;
  std::string_view tls;  // "TLSv1.3", a literal; empty on a plain connection
};

// From a connected socket.
ConnectionAddresses addresses_of(int fd);

struct CgiRequest {
  const http::RequestHead& head;
  const Route& route;
  std::string_view query;
  const std::string& document_root;
  const ConnectionAddresses& addresses;
  uint64_t body_size = 0;
  bool has_body = false;
  const http::TraceContext& trace;
  std::string_view traceparent;  // this request's
  std::string_view request_id;
};

// Fills `encoder` from its begin() on. `scratch` is memory to put values together in.
void encode_cgi(const CgiRequest& request, channel::RequestEncoder& encoder, std::string& scratch);

}  // namespace howdah::serve

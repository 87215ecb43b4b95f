#pragma once

// Where a request came from: the connection's word, or what a trusted proxy says in front of it
// (CONTRACT section 2).

#include <optional>
#include <string_view>

#include "http/message.h"
#include "net/ip_address.h"

namespace howdah::serve {

struct Origin {
  std::string_view client_ip;            // "unix:" for a unix socket
  std::optional<net::IpAddress> client;  // the same; nothing for a unix socket
  std::string_view client_port;          // empty = not known
  std::string_view scheme;               // "http" or "https"
};

// What an origin that a proxy told of points into.
struct OriginText {
  net::IpText client_ip;
  char client_port[5];  // of 65535
};

// Only for a connection from one of `trusted`. The client is the rightmost entry of X-Forwarded-For
// that is not in `trusted`; an entry that is no address ends the search, since nobody trusted has
// written what stands left of it. X-Forwarded-Proto and X-Forwarded-Host count by their first
// entry, the one nearest to the client; the host goes into `head`. What is malformed says nothing.
// Allocates nothing; `text` outlives `origin`.
void believe_proxy(http::RequestHead& head, const net::PeerList& trusted, Origin& origin,
                   OriginText& text);

}  // namespace howdah::serve

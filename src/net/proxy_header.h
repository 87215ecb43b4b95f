#pragma once

// The PROXY protocol, versions 1 and 2: the line or block in which a proxy that only moves bytes
// says whose they are, ahead of the first one. (The text: haproxy.org, proxy-protocol.txt.)

#include <cstddef>
#include <optional>
#include <string_view>

#include "net/ip_address.h"

namespace howdah::net {

// A version 1 line with its CRLF, as the protocol has it.
inline constexpr size_t kMaxProxyLine = 107;
// A version 2 header with what may follow its addresses. The protocol would allow 64 KiB; what
// proxies add (names, certificates' subjects) is a few hundred bytes.
inline constexpr size_t kMaxProxyBlock = 4096;

struct ProxyHeader {
  enum class Source {
    kUnsaid,  // LOCAL or UNKNOWN: the connection's own addresses hold
    kIp,      // client and server
    kUnix,    // the proxy's client came by a unix socket
  };
  Source source = Source::kUnsaid;
  Endpoint client;
  Endpoint server;
  size_t size = 0;  // bytes of the header
};

enum class ProxyHeaderState {
  kNeedMore,   // what there is may become a header
  kAbsent,     // it is something else
  kComplete,   // `header` is filled
  kMalformed,  // it begins like a header and is none
};

// `input` is the beginning of a connection. Extensions (TLVs) are measured and skipped.
ProxyHeaderState parse_proxy_header(std::string_view input, ProxyHeader& header);

}  // namespace howdah::net

#pragma once

// What a FrontLoop keeps: one client connection, whatever it speaks.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "net/client_socket.h"
#include "net/ready_set.h"
#include "pool/open_request.h"
#include "serve/cgi.h"

namespace howdah::serve {

enum class Protocol : uint8_t {
  kHttp1,
  kHttp2,
  kTlsHandshake,  // then another
  kProxyHeader,   // a PROXY protocol header may come first
};
inline constexpr size_t kProtocols = 4;

// A client between two connections: just accepted, or handed on by one that has learned what the
// client speaks.
struct Client {
  net::ClientSocket socket;
  ConnectionAddresses addresses;
  base::Buffer input;                // received, and not yet understood
  Protocol next = Protocol::kHttp1;  // what the listener speaks, behind a PROXY header
};

// Owned and reused by a FrontLoop: open() begins a connection; at its end the object puts itself
// into LoopServices::ended, once, and waits to be opened again. The loop's thread only.
class Connection : public net::ReadyHandler {
 public:
  virtual Protocol protocol() const = 0;
  virtual void open(Client client) = 0;
  // From LoopServices::scheduled.
  virtual void run() = 0;
  virtual bool scheduled() const = 0;
  // The server is ending: an idle connection closes now, any other after its answers.
  virtual void drain() = 0;
  virtual void close() = 0;
  // Appends the requests that this connection has, but for those that a pool has.
  virtual void list_requests(std::vector<pool::OpenRequest>& open) const = 0;

  size_t index = 0;  // where the FrontLoop keeps it
};

}  // namespace howdah::serve

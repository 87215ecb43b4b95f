#pragma once

// The first bytes of a connection from one of TRUSTED_PROXIES: a PROXY protocol header, or the
// beginning of what the listener speaks. Either way the client is handed on.

#include "net/proxy_header.h"
#include "serve/passing_connection.h"

namespace howdah::serve {

// Waits for the first byte as long as a keep-alive connection may be idle, for the rest of a header
// as long as for a request's head. A malformed header closes the connection: nobody can be told,
// since it is not known yet what the client speaks.
class ProxyHeaderConnection final : public PassingConnection {
 public:
  explicit ProxyHeaderConnection(LoopServices& services) : PassingConnection(services) {}

  Protocol protocol() const override { return Protocol::kProxyHeader; }
  void open(Client client) override;
  void drain() override;
  void close() override;

 private:
  void on_ready(uint32_t events) override;
  // Without taking a byte of what comes behind the header: TLS reads from the socket itself.
  void look();
  void note_begin();
  void replace_addresses(const net::ProxyHeader& header);

  bool begun_ = false;    // a byte has come
  bool hung_up_ = false;  // the client sends no more
};

}  // namespace howdah::serve

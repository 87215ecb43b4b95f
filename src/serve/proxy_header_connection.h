#pragma once

// The first bytes of a connection from one of TRUSTED_PROXIES: a PROXY protocol header, or the
// beginning of what the listener speaks. Either way the client is handed on.

#include "net/proxy_header.h"
#include "serve/connection.h"
#include "serve/services.h"

namespace howdah::serve {

// Waits for the first byte as long as a keep-alive connection may be idle, for the rest of a header
// as long as for a request's head. A malformed header closes the connection: nobody can be told,
// since it is not known yet what the client speaks.
class ProxyHeaderConnection final : public Connection {
 public:
  explicit ProxyHeaderConnection(LoopServices& services) : services_(services) {}
  ~ProxyHeaderConnection() override { close(); }

  Protocol protocol() const override { return Protocol::kProxyHeader; }
  void open(Client client) override;
  void run() override;
  bool scheduled() const override { return false; }
  void drain() override;
  void close() override;

 private:
  void on_ready(uint32_t events) override;
  // Without taking a byte of what comes behind the header: TLS reads from the socket itself.
  void look();
  void note_begin();
  void replace_addresses(const net::ProxyHeader& header);
  void hand_on();
  void leave();
  void on_timer() { close(); }

  LoopServices& services_;
  bool open_ = false;
  bool begun_ = false;    // a byte has come
  bool hung_up_ = false;  // the client sends no more
  Client client_;
  net::MemberTimer<ProxyHeaderConnection, &ProxyHeaderConnection::on_timer> timer_{*this};
};

}  // namespace howdah::serve

#pragma once

// A client of a TLS port until it is known what it speaks inside: then another connection has it.

#include <string_view>
#include <vector>

#include "serve/passing_connection.h"

namespace howdah::serve {

// What is offered by ALPN, in the order of our preference.
std::vector<std::string_view> tls_protocols();

// A client that has not said anything costs no session. One that speaks plain HTTP is handed on as
// it is, with Entrance::kMistaken, to be answered.
class TlsHandshake final : public PassingConnection {
 public:
  explicit TlsHandshake(LoopServices& services) : PassingConnection(services) {}

  Protocol protocol() const override { return Protocol::kTlsHandshake; }
  void open(Client client) override;
  void drain() override;

 private:
  void on_ready(uint32_t events) override;
  bool begun() const { return client_.socket.tls() != nullptr; }
  void look_at_first_byte();
  void start_session();
  void proceed();
  // What ALPN came to is for PROFILE alone.
  void note_profile(std::string_view alpn);

  base::Nanos started_at_ = 0;  // with PROFILE
};

}  // namespace howdah::serve

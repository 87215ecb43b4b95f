#include "serve/tls_handshake.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include "serve/limits.h"

namespace howdah::serve {
namespace {

// The one place that says what a TLS client may speak: names of RFC 7301 in our order.
struct ProtocolName {
  std::string_view name;
  Protocol protocol;
};
constexpr ProtocolName kProtocolNames[] = {
    {"h2", Protocol::kHttp2},
    {"http/1.1", Protocol::kHttp1},
};

// A client that names nothing speaks HTTP/1.
Protocol protocol_of(std::string_view name) {
  for (const ProtocolName& known : kProtocolNames) {
    if (known.name == name) return known.protocol;
  }
  return Protocol::kHttp1;
}

// Of a method's name. A handshake begins with byte 22.
bool begins_request(char byte) { return byte >= 'A' && byte <= 'Z'; }

}  // namespace

std::vector<std::string_view> tls_protocols() {
  std::vector<std::string_view> names;
  for (const ProtocolName& known : kProtocolNames) names.push_back(known.name);
  return names;
}

void TlsHandshake::open(Client client) {
  // Records are whole messages: the end of an answer must not wait for an acknowledgement.
  int on = 1;
  ::setsockopt(client.socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  base::Nanos limit = services_.options().header_timeout;
  begin(std::move(client), limit != 0 ? limit : kHandshakeTime);
}

void TlsHandshake::drain() {
  if (!begun()) look_at_first_byte();
  if (is_open() && !begun()) close();
}

void TlsHandshake::on_ready(uint32_t) { begun() ? proceed() : look_at_first_byte(); }

void TlsHandshake::look_at_first_byte() {
  char first;
  ssize_t got = base::retry_eintr(
      [&] { return ::recv(client_.socket.fd(), &first, sizeof first, MSG_PEEK); });
  if (got < 0 && net::would_block()) return;
  if (got <= 0) return close();
  if (begins_request(first)) {
    client_.addresses.entrance = Entrance::kMistaken;
    return hand_on(Protocol::kHttp1);
  }
  start_session();
}

void TlsHandshake::start_session() {
  std::unique_ptr<net::TlsSession> session;
  if (services_.tls) session = net::TlsSession::create(services_.tls, client_.socket.fd());
  if (!session) {
    services_.shared.log.error("no TLS session could be made");
    return close();
  }
  client_.socket.start_tls(std::move(session));
  started_at_ = services_.options().profile ? base::monotonic_now() : 0;
  proceed();
}

void TlsHandshake::proceed() {
  net::TlsSession& session = *client_.socket.tls();
  switch (session.handshake()) {
    case net::TlsSession::Handshake::kAgain:
      return;
    case net::TlsSession::Handshake::kFailed:
      services_.shared.log.debug(
          "TLS handshake failed",
          {{"ip", client_.addresses.client_ip}, {"reason", std::string_view(session.failure())}});
      return close();
    case net::TlsSession::Handshake::kDone:
      client_.addresses.entrance = Entrance::kTls;
      client_.addresses.tls = session.version();
      note_profile(session.protocol());
      return hand_on(protocol_of(session.protocol()));
  }
}

void TlsHandshake::note_profile(std::string_view alpn) {
  if (started_at_ == 0) return;
  client_.addresses.tls_handshake = base::monotonic_now() - started_at_;
  for (const ProtocolName& known : kProtocolNames) {
    if (known.name == alpn) client_.addresses.alpn = known.name;
  }
}

}  // namespace howdah::serve

#include "serve/proxy_header_connection.h"

#include <utility>

#include "serve/limits.h"

namespace howdah::serve {

static_assert(kReadBytes > net::kMaxProxyBlock, "a header fits the buffer that is lent");

void ProxyHeaderConnection::open(Client client) {
  client_ = std::move(client);
  open_ = true;
  begun_ = false;
  const ServeOptions& options = services_.shared.options;
  base::Nanos limit = options.idle_timeout != 0 ? options.idle_timeout : options.header_timeout;
  if (limit != 0) services_.loop.timers().arm(timer_, services_.loop.now() + limit);
  if (!services_.loop.ready_set().add(client_.socket.fd(), *this)) close();
}

void ProxyHeaderConnection::run() {}

void ProxyHeaderConnection::drain() {
  // What has arrived already is a client that gets its answer.
  advance();
  if (open_ && !begun_) close();
}

void ProxyHeaderConnection::on_ready(uint32_t) { advance(); }

void ProxyHeaderConnection::advance() {
  while (open_) {
    net::ProxyHeader header;
    switch (net::parse_proxy_header(client_.input.view(), header)) {
      case net::ProxyHeaderState::kAbsent:
        return hand_on();
      case net::ProxyHeaderState::kComplete:
        client_.input.consume(header.size);
        replace_addresses(header);
        return hand_on();
      case net::ProxyHeaderState::kMalformed:
        services_.shared.log.warn("malformed PROXY header",
                                  {{"proxy", client_.addresses.client_ip}});
        return close();
      case net::ProxyHeaderState::kNeedMore:
        if (!receive()) return;
    }
  }
}

bool ProxyHeaderConnection::receive() {
  services_.lend_buffer(client_.input);
  ssize_t got = client_.socket.receive(client_.input.prepare(kReadBytes / 16));
  if (got > 0) {
    client_.input.commit(static_cast<size_t>(got));
    if (!std::exchange(begun_, true)) {
      base::Nanos limit = services_.shared.options.header_timeout;
      services_.loop.timers().cancel(timer_);
      if (limit != 0) services_.loop.timers().arm(timer_, services_.loop.now() + limit);
    }
    return true;
  }
  bool later = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (!later) close();
  // Who has to wait for the client has no buffer meanwhile.
  if (client_.input.empty()) services_.take_back_buffer(client_.input);
  return false;
}

void ProxyHeaderConnection::replace_addresses(const net::ProxyHeader& header) {
  ConnectionAddresses& addresses = client_.addresses;
  if (header.source == net::ProxyHeader::Source::kUnsaid) return;
  if (header.source == net::ProxyHeader::Source::kUnix) {
    addresses.client.reset();
    addresses.client_ip = kUnixClient;
    addresses.client_port.clear();
  } else {
    addresses.client = header.client.ip;
    print_endpoint(header.client, addresses.client_ip, addresses.client_port);
    print_endpoint(header.server, addresses.server_ip, addresses.server_port);
  }
  // What such a proxy passes on are the client's own words.
  addresses.trusted = services_.shared.options.trusted_proxies.contains(addresses.client);
}

// The descriptor, the input and the count of the client go with it.
void ProxyHeaderConnection::hand_on() {
  leave();
  services_.handed_on.push_back({client_.next, std::move(client_)});
}

void ProxyHeaderConnection::close() {
  if (!open_) return;
  leave();
  client_.socket.close();
  services_.take_back_buffer(client_.input);
  services_.client_gone(client_.addresses);
}

void ProxyHeaderConnection::leave() {
  open_ = false;
  services_.loop.timers().cancel(timer_);
  services_.loop.ready_set().remove(client_.socket.fd(), *this);
  services_.ended.push_back(this);
}

}  // namespace howdah::serve

#include "serve/proxy_header_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <tuple>
#include <utility>

#include "serve/limits.h"

namespace howdah::serve {

void ProxyHeaderConnection::open(Client client) {
  begun_ = hung_up_ = false;
  const ServeOptions& options = services_.options();
  begin(std::move(client),
        options.idle_timeout != 0 ? options.idle_timeout : options.header_timeout);
}

void ProxyHeaderConnection::drain() {
  // What has arrived already is a client that gets its answer.
  look();
  if (is_open() && !begun_) close();
}

void ProxyHeaderConnection::on_ready(uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  look();
}

void ProxyHeaderConnection::look() {
  char bytes[net::kMaxProxyBlock];
  ssize_t got =
      base::retry_eintr([&] { return ::recv(client_.socket.fd(), bytes, sizeof bytes, MSG_PEEK); });
  if (got < 0 && net::would_block()) return;
  if (got <= 0) return close();
  note_begin();
  net::ProxyHeader header;
  switch (net::parse_proxy_header({bytes, static_cast<size_t>(got)}, header)) {
    case net::ProxyHeaderState::kNeedMore:
      if (hung_up_) close();
      return;
    case net::ProxyHeaderState::kComplete:
      std::ignore = ::recv(client_.socket.fd(), bytes, header.size, 0);
      replace_addresses(header);
      return hand_on(client_.next);
    case net::ProxyHeaderState::kAbsent:
      return hand_on(client_.next);
    case net::ProxyHeaderState::kMalformed:
      services_.shared.log.warn("malformed PROXY header", {{"proxy", client_.addresses.client_ip}});
      return close();
  }
}

void ProxyHeaderConnection::note_begin() {
  if (std::exchange(begun_, true)) return;
  arm(services_.options().header_timeout);
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
  addresses.trusted = services_.options().trusted_proxies.contains(addresses.client);
}

void ProxyHeaderConnection::close() {
  // Bytes that were not read would turn the end into a reset.
  char bytes[net::kMaxProxyBlock];
  if (is_open() && begun_) {
    std::ignore = ::recv(client_.socket.fd(), bytes, sizeof bytes, MSG_DONTWAIT);
  }
  PassingConnection::close();
}

}  // namespace howdah::serve

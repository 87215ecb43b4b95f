#include "serve/front_loop.h"

#include <sys/socket.h>

#include <cstring>
#include <tuple>
#include <utility>

#include "http/http1_writer.h"
#include "net/listener.h"
#include "serve/error_answer.h"
#include "serve/exchange.h"
#include "serve/http1_connection.h"
#include "serve/http2_connection.h"
#include "serve/limits.h"
#include "serve/proxy_header_connection.h"
#include "serve/tls_handshake.h"

namespace howdah::serve {
namespace {

constexpr int kTooManyConnections = 429;

// A client that left in the backlog, or an error of its network, is no reason to stop (accept(2)).
bool concerns_one_client(int error) {
  switch (error) {
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case EHOSTDOWN:
    case EHOSTUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

FrontLoop::FrontLoop(net::EventLoop& loop, SharedServices& shared, JobQueues jobs)
    : services_(loop, shared, std::move(jobs)) {
  loop.add_hook(*this);
}

FrontLoop::~FrontLoop() {
  for (auto& acceptor : acceptors_) {
    services_.loop.ready_set().remove(acceptor->fd.get(), *acceptor);
  }
  cut();
  services_.loop.remove_hook(*this);
}

void FrontLoop::use_site(std::shared_ptr<const Site> site) {
  services_.use_site(std::move(site));
  for (auto& acceptor : acceptors_) limit_silence(*acceptor);
}

// A stream's client that vanishes without a word has nothing waiting that WRITE_TIMEOUT could see:
// its last piece is with the kernel.
void FrontLoop::limit_silence(Acceptor& acceptor) {
  net::limit_silence(acceptor.fd.get(), services_.options().write_timeout);
}

base::Status FrontLoop::listen(base::UniqueFd listener, Protocol protocol) {
  auto acceptor = std::make_unique<Acceptor>(std::move(listener), protocol);
  limit_silence(*acceptor);
  auto added = services_.loop.ready_set().add_shared(acceptor->fd.get(), *acceptor);
  if (added) acceptors_.push_back(std::move(acceptor));
  return added;
}

void FrontLoop::adopt(base::UniqueFd client, Protocol protocol) {
  auto addresses = addresses_of(client.get());
  if (!addresses) return;
  addresses->trusted = services_.options().trusted_proxies.contains(addresses->client);
  if (!admit(*addresses)) return turn_away(client.get(), *addresses, protocol);
  services_.shared.connections.fetch_add(1, std::memory_order_relaxed);
  services_.shared.observer.on_connection_opened();
  Client accepted{net::ClientSocket(std::move(client)), std::move(*addresses), {}, protocol};
  // Only who is trusted may say that its bytes are somebody else's.
  Protocol first = accepted.addresses.trusted ? Protocol::kProxyHeader : accepted.next;
  begin(first, std::move(accepted));
}

// A trusted proxy and a unix socket bring the connections of many; whom a PROXY header names is
// counted behind it.
bool FrontLoop::admit(ConnectionAddresses& addresses) {
  uint32_t limit = services_.options().max_connections_per_ip;
  if (limit == 0 || addresses.trusted || !addresses.client || addresses.counted) return true;
  addresses.counted = services_.shared.clients.add(*addresses.client, limit);
  return addresses.counted;
}

// MAX_CONNECTIONS_PER_IP: no memory or descriptor is kept for the client.
void FrontLoop::turn_away(int client, const ConnectionAddresses& addresses, Protocol protocol) {
  if (protocol == Protocol::kHttp1) say_too_many(client);
  services_.shared.observer.on_connection_limit(ConnectionLimit::kPerIp);
  ++turned_away_;
  base::Nanos now = services_.loop.now();
  if (now < turn_away_log_at_) return;
  services_.shared.log.warn("connections refused: MAX_CONNECTIONS_PER_IP",
                            {{"ip", addresses.client_ip}, {"refused", turned_away_}});
  turned_away_ = 0;
  turn_away_log_at_ = now + kRefusalLogGap;
}

// One packet. The client reads it unless it goes on sending, which resets the connection.
void FrontLoop::say_too_many(int client) {
  std::string_view text = error_text(kTooManyConnections);
  http::TraceContext trace = http::make_trace_context({}, services_.random);
  std::string& out = services_.scratch;
  out.clear();
  http::append_status_line(out, kTooManyConnections);
  http::append_field(out, "Date", services_.date.at(services_.loop.now()));
  http::append_field(out, "Server", kServerName);
  out.append("X-Request-ID: ");
  http::append_request_id(out, {}, trace);
  out.append("\r\ntraceparent: ");
  http::append_traceparent(out, trace);
  out.append("\r\n");
  http::append_field(out, "Retry-After", uint64_t{1});
  http::append_field(out, "Connection", "close");
  http::append_field(out, "Content-Type", "text/plain; charset=utf-8");
  http::append_field(out, "Content-Length", text.size());
  out.append(http::kHeadEnd).append(text);
  std::ignore = ::send(client, out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(client, SHUT_WR);
  // Bytes that were not read would turn the end into a reset.
  std::ignore = ::recv(client, nullptr, kTurnAwayBytes, MSG_TRUNC | MSG_DONTWAIT);
}

void FrontLoop::begin(Protocol protocol, Client client) {
  std::unique_ptr<Connection> connection = connection_for(protocol);
  connection->index = open_.size();
  Connection& begun = *connection;
  open_.push_back(std::move(connection));
  begun.open(std::move(client));
  if (services_.draining) begun.drain();
}

std::unique_ptr<Connection> FrontLoop::connection_for(Protocol protocol) {
  auto& spare = spare_[static_cast<size_t>(protocol)];
  if (!spare.empty()) {
    auto connection = std::move(spare.back());
    spare.pop_back();
    return connection;
  }
  switch (protocol) {
    case Protocol::kHttp1:
      return std::make_unique<Http1Connection>(services_);
    case Protocol::kProxyHeader:
      return std::make_unique<ProxyHeaderConnection>(services_);
    case Protocol::kHttp2:
      return std::make_unique<Http2Connection>(services_);
    case Protocol::kTlsHandshake:
      return std::make_unique<TlsHandshake>(services_);
  }
  std::unreachable();
}

void FrontLoop::drain(std::function<void()> on_done) {
  services_.draining = true;
  on_drained_ = std::move(on_done);
  for (auto& acceptor : acceptors_) {
    // Who has connected already is served.
    while (accept_one(*acceptor)) {
    }
    services_.loop.ready_set().remove(acceptor->fd.get(), *acceptor);
  }
  acceptors_.clear();
  for (Exchange* exchange : std::exchange(services_.listening_browsers, {})) {
    exchange->end_telling();
  }
  for (auto& connection : open_) connection->drain();
}

void FrontLoop::tell_browsers(BrowserNews news) {
  std::string event;
  append_reload_event(event, news, services_.shared.version.text());
  for (Exchange* exchange : services_.listening_browsers) exchange->tell_browser(event);
}

std::vector<pool::OpenRequest> FrontLoop::open_requests() const {
  std::vector<pool::OpenRequest> open;
  for (const auto& connection : open_) connection->list_requests(open);
  return open;
}

void FrontLoop::cut() {
  for (auto& connection : open_) connection->close();
  for (auto& [protocol, client] : services_.handed_on) services_.client_gone(client.addresses);
  services_.handed_on.clear();
  recycle();
}

bool FrontLoop::poll() {
  bool busy = run_scheduled();
  recycle();
  if (!services_.handed_on.empty()) {
    auto handed_on = std::exchange(services_.handed_on, {});
    for (auto& [protocol, client] : handed_on) {
      if (admit(client.addresses)) {
        begin(protocol, std::move(client));
      } else {
        turn_away(client.socket.fd(), client.addresses, protocol);
        services_.client_gone(client.addresses);
      }
    }
    busy = true;
  }
  for (auto& acceptor : acceptors_) {
    if (acceptor->pending && !paused_ && accept_some(*acceptor)) busy = true;
  }
  if (on_drained_ && open_.empty() && services_.handed_on.empty())
    std::exchange(on_drained_, nullptr)();
  return busy;
}

bool FrontLoop::prepare_sleep() {
  for (auto& acceptor : acceptors_) {
    if (acceptor->pending && !paused_) return false;
  }
  return services_.scheduled.empty() && services_.ended.empty() && services_.handed_on.empty();
}

// --- accepting

bool FrontLoop::has_room() {
  uint64_t limit = services_.options().max_connections;
  return limit == 0 || services_.shared.connections.load(std::memory_order_relaxed) < limit;
}

bool FrontLoop::accept_some(Acceptor& acceptor) {
  int accepted = 0;
  while (accepted < kAcceptsPerPass && accept_one(acceptor)) ++accepted;
  return accepted > 0;
}

bool FrontLoop::accept_one(Acceptor& acceptor) {
  if (!has_room()) {
    // Who comes now waits in the backlog.
    pause(ConnectionLimit::kAll);
    return false;
  }
  int fd = base::retry_eintr(
      [&] { return ::accept4(acceptor.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); });
  if (fd >= 0) {
    adopt(base::UniqueFd(fd), acceptor.protocol);
    return true;
  }
  if (net::would_block()) {
    acceptor.pending = false;
    return false;
  }
  if (concerns_one_client(errno)) return true;
  if (base::Nanos now = services_.loop.now(); now >= accept_log_at_) {
    services_.shared.log.error("cannot accept, pausing", {{"reason", ::strerrordesc_np(errno)}});
    accept_log_at_ = now + kRefusalLogGap;
  }
  pause(ConnectionLimit::kDescriptors);
  return false;
}

void FrontLoop::pause(ConnectionLimit limit) {
  services_.shared.observer.on_connection_limit(limit);
  paused_ = true;
  services_.loop.timers().arm(pause_timer_, services_.loop.now() + kAcceptPause);
}

// --- connections

bool FrontLoop::run_scheduled() {
  if (services_.scheduled.empty()) return false;
  running_.swap(services_.scheduled);
  for (Connection* connection : running_) connection->run();
  running_.clear();
  return true;
}

void FrontLoop::recycle() {
  if (services_.ended.empty()) return;
  size_t kept = 0;
  for (Connection* ended : services_.ended) {
    if (ended->scheduled()) {
      // Still in the list of those to run.
      services_.ended[kept++] = ended;
      continue;
    }
    auto connection = std::move(open_[ended->index]);
    if (ended->index + 1 != open_.size()) {
      open_[ended->index] = std::move(open_.back());
      open_[ended->index]->index = ended->index;
    }
    open_.pop_back();
    auto& spare = spare_[static_cast<size_t>(connection->protocol())];
    if (spare.size() < kSpareConnections) spare.push_back(std::move(connection));
  }
  services_.ended.resize(kept);
  // There is room again, of whatever kind was missing.
  if (paused_) {
    services_.loop.timers().cancel(pause_timer_);
    paused_ = false;
  }
}

}  // namespace howdah::serve

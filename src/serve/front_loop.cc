#include "serve/front_loop.h"

#include <sys/socket.h>

#include <utility>

#include "serve/exchange.h"
#include "serve/http1_connection.h"
#include "serve/limits.h"
#include "serve/tls_handshake.h"

namespace howdah::serve {

FrontLoop::FrontLoop(net::EventLoop& loop, SharedServices& shared, pool::JobQueue* jobs)
    : services_(loop, shared, jobs) {
  loop.add_hook(*this);
}

FrontLoop::~FrontLoop() {
  for (auto& acceptor : acceptors_) {
    services_.loop.ready_set().remove(acceptor->fd.get(), *acceptor);
  }
  cut();
  services_.loop.remove_hook(*this);
}

base::Status FrontLoop::listen(base::UniqueFd listener, Protocol protocol) {
  auto acceptor = std::make_unique<Acceptor>(std::move(listener), protocol);
  auto added = services_.loop.ready_set().add_shared(acceptor->fd.get(), *acceptor);
  if (added) acceptors_.push_back(std::move(acceptor));
  return added;
}

void FrontLoop::adopt(base::UniqueFd client, Protocol protocol) {
  services_.shared.connections.fetch_add(1, std::memory_order_relaxed);
  services_.shared.observer.on_connection_opened();
  ConnectionAddresses addresses = addresses_of(client.get());
  begin(protocol, {net::ClientSocket(std::move(client)), std::move(addresses), {}});
}

void FrontLoop::begin(Protocol protocol, Client client) {
  std::unique_ptr<Connection> connection = connection_for(protocol);
  connection->index = open_.size();
  open_.push_back(std::move(connection));
  open_.back()->open(std::move(client));
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
  for (auto& connection : open_) connection->drain();
}

void FrontLoop::cut() {
  for (auto& connection : open_) connection->close();
  for (size_t i = 0; i < services_.handed_on.size(); ++i) services_.client_gone();
  services_.handed_on.clear();
  recycle();
}

bool FrontLoop::poll() {
  bool busy = run_scheduled();
  recycle();
  if (!services_.handed_on.empty()) {
    auto handed_on = std::exchange(services_.handed_on, {});
    for (auto& [protocol, client] : handed_on) {
      begin(protocol, std::move(client));
      if (services_.draining) open_.back()->drain();
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
  uint64_t limit = services_.shared.options.max_connections;
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
    pause();
    return false;
  }
  int fd = base::retry_eintr(
      [&] { return ::accept4(acceptor.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); });
  if (fd >= 0) {
    adopt(base::UniqueFd(fd), acceptor.protocol);
    return true;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    acceptor.pending = false;
    return false;
  }
  // A client that left in the backlog is no reason to stop.
  if (errno == ECONNABORTED || errno == EPROTO || errno == EPERM) return true;
  services_.shared.log.error("accept failed, pausing", {{"errno", int64_t{errno}}});
  pause();
  return false;
}

void FrontLoop::pause() {
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

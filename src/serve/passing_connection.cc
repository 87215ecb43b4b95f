#include "serve/passing_connection.h"

#include <utility>

namespace howdah::serve {

void PassingConnection::begin(Client client, base::Nanos limit) {
  client_ = std::move(client);
  open_ = true;
  arm(limit);
  if (!services_.loop.ready_set().add(client_.socket.fd(), *this)) close();
}

void PassingConnection::arm(base::Nanos limit) {
  if (limit == 0) return services_.loop.timers().cancel(timer_);
  services_.loop.timers().arm(timer_, services_.loop.now() + limit);
}

void PassingConnection::hand_on(Protocol protocol) {
  leave();
  services_.handed_on.push_back({protocol, std::move(client_)});
}

void PassingConnection::close() {
  if (!open_) return;
  leave();
  client_.socket.close();
  services_.client_gone(client_.addresses);
}

void PassingConnection::leave() {
  open_ = false;
  services_.loop.timers().cancel(timer_);
  services_.loop.ready_set().remove(client_.socket.fd(), *this);
  services_.ended.push_back(this);
}

}  // namespace howdah::serve

#pragma once

// All listening sockets of a server. The parent opens them with the rights it was started with and
// keeps them, so that a new front continues on the same ones.

#include <string>
#include <vector>

#include "app/config/config.h"
#include "net/listener.h"

namespace howdah::app {

struct Sockets {
  std::vector<net::Listener> plain;  // LISTEN_ADDR, or inherited
  std::vector<net::Listener> tls;  // TLS_LISTEN_ADDR, LISTEN_ADDR where that speaks TLS, inherited
  std::vector<net::Listener> internal;  // INTERNAL_ADDR, or inherited
  std::vector<net::Listener> control;   // CONTROL_SOCKET: one or none
};

// Opens all of them or appends what is wrong to `problems`; then nothing listens. A control socket
// nobody asked for by name may be missing: that is a notice.
Sockets open_sockets(Config& config, std::vector<std::string>& problems);

// Nobody can connect any more, provided that no other process has the listeners open. Their names
// stay.
void close_listeners(Sockets& sockets);
// Closes all of them and removes the socket files that open_sockets() has made.
void remove_socket_files(Sockets& sockets);

}  // namespace howdah::app

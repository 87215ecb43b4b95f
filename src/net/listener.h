#pragma once

// Listening sockets: what LISTEN_ADDR names, bound.
//
// The parent process binds, with the rights it was started with; the front accepts from the
// descriptors it is given (Acceptor).

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"

namespace howdah::net {

// One entry of LISTEN_ADDR, taken apart.
struct ListenAddress {
  enum class Kind {
    kTcp,   // host and port; an empty host is every address of both families
    kUnix,  // path and mode
  };
  Kind kind = Kind::kTcp;
  std::string host;
  uint16_t port = 0;
  std::string path;
  mode_t mode = 0660;
};

inline constexpr mode_t kDefaultUnixMode = 0660;
inline constexpr int kBacklog = 4096;

// `IPv4:port`, `[IPv6]:port`, `:port`, `name:port`, `unix:/path?mode=0660`. Anything else:
// kInvalid.
base::Result<ListenAddress> parse_listen_address(std::string_view text);

struct Listener {
  base::UniqueFd fd;  // non-blocking, close-on-exec, listening
  std::string name;   // "127.0.0.1:8080", "[::]:8080", "unix:/run/howdah.sock", with the real port
  bool made_file = false;  // binding has made a socket file
};

// Binds and listens; a name with several addresses gives several. Fails when one cannot be bound. A
// socket file that nobody listens on is replaced.
base::Result<std::vector<Listener>> bind_listeners(const ListenAddress& address);

// A listening stream socket that another process has bound; takes it over in any case. kInvalid
// when it is anything else.
base::Result<Listener> inherit_listener(base::UniqueFd fd);

// Connections to be accepted end when their peer acknowledges nothing of what was sent, or keeps
// its window shut, for this long (TCP_USER_TIMEOUT); 0: as the system has it. Nothing for unix
// sockets.
void limit_silence(int listener, base::Nanos limit);

// Closes the listener and removes the file that binding has made, unless another process listens on
// one of its own there meanwhile. The last process that has the listener calls it.
void remove_socket_file(Listener& listener);

// How a bound or accepted socket's own address reads: as in Listener::name.
std::string printable_address(int fd);

}  // namespace howdah::net

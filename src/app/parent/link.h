#pragma once

// What the parent and the front say to each other, over a SOCK_SEQPACKET pair.
//
// The front has no rights to start a process as another user or to open a log; the parent has, and
// parses nothing from the network. Each trusts the other only as far as sizes go.

#include <cstdint>
#include <span>
#include <vector>

#include "base/unix_socket.h"

namespace howdah::app {

enum class LinkType : uint32_t {
  // front -> parent
  kStartHost = 1,    // generation: start a host for it
  kReady = 2,        // workers wait for requests for the first time
  kCannotStart = 3,  // the first host cannot start, the log says why: end the server
  // parent -> front
  kHostStarted =
      16,  // generation, pid; one descriptor: the front's end of the host's control socket
  kHostExited = 17,  // pid, status as waitpid() gives it
  kDrain = 18,       // accept nothing more, end when all is answered
  kNewLog = 19,      // one descriptor: the log was reopened
  kNewTls = 20,      // one descriptor: certificates and keys (tls_packet.h)
};

struct LinkMessage {
  LinkType type;
  uint32_t generation = 0;
  int32_t pid = 0;
  int32_t status = 0;
};

base::Status send_link(int socket, const LinkMessage& message, std::span<const int> fds = {});

struct ReceivedLink {
  LinkMessage message;
  std::vector<base::UniqueFd> fds;
};
// kClosed when the other end is gone.
base::Result<ReceivedLink> receive_link(int socket);

}  // namespace howdah::app

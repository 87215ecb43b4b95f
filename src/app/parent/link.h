#pragma once

// What the parent and the front say to each other, over a SOCK_SEQPACKET pair.
//
// The front has no rights to start a process as another user or to open a log; the parent has, and
// parses nothing from the network. Each trusts the other only as far as sizes go.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/unix_socket.h"

namespace howdah::app {

enum class LinkType : uint32_t {
  // front -> parent
  kStartHost = 1,    // generation: start a host for it; status 1: with the settings of kReload
  kReady = 2,        // workers wait for requests for the first time
  kCannotStart = 3,  // the first host cannot start, the log says why: end the server
  kWantReload = 4,   // ticket: somebody asks for a reload
  kReloadEnded = 5,  // status 0: the settings of kReload are in use; else the old ones stay
  kPong = 6,         // the answer to kPing
  // parent -> front
  kHostStarted =
      16,  // generation, pid; one descriptor: the front's end of the host's control socket
  kHostExited = 17,  // pid, status as waitpid() gives it
  kDrain = 18,       // accept nothing more, end when all is answered
  kCut = 25,         // say in the log what is not over yet, and end
  kNewLog = 19,      // one descriptor: the log was reopened
  kNewTls = 20,      // one descriptor: certificates and keys (tls_packet.h)
  // ticket; descriptors: settings (config_packet.h), and certificates and keys where there are
  // some. kReloadEnded is the answer.
  kReload = 21,
  kRestartScripts = 24,  // scripts: their pools get new workers
  kTellBrowsers = 23,    // status: a serve::BrowserNews
  kPing = 26,            // each loop is to show that it runs
  kReloadRefused = 22,   // ticket, text: what is wrong with the settings; nothing changes
};

struct LinkMessage {
  LinkType type;
  uint32_t pool = 0;  // of kStartHost and kHostStarted
  uint32_t generation = 0;
  int32_t pid = 0;
  int32_t status = 0;
  // Of who asked for a reload: it answers all tickets up to this one.
  uint32_t ticket = 0;
  uint64_t scripts = 0;  // bit min(i, kLastSet) for worker script i
};

// Longer texts are cut.
inline constexpr size_t kLongestLinkText = 8 << 10;

base::Status send_link(int socket, const LinkMessage& message, std::span<const int> fds = {},
                       std::string_view text = {});

struct ReceivedLink {
  LinkMessage message;
  std::string text;
  std::vector<base::UniqueFd> fds;
};
// kClosed when the other end is gone.
base::Result<ReceivedLink> receive_link(int socket);

}  // namespace howdah::app

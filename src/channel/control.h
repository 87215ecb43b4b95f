#pragma once

// Control messages between the front and a host (the process that starts PHP once and from which
// workers come), over a SOCK_SEQPACKET pair. One flat structure for all of them: each type says
// which members it uses. The host is not trusted more than its workers; sizes are checked on
// receipt.

#include <cstdint>
#include <string_view>

#include "base/unix_socket.h"
#include "channel/limits.h"

namespace howdah::channel {

enum class ControlType : uint32_t {
  // front -> host
  // version, text = build id; descriptors: requests, claims, one pipe per loop. status 1: then a
  // list of scripts to compile ahead, and after a newline each in text the root that they were
  // below and the one that they are below now
  kHello = 1,
  kSpawn = 2,  // worker, incarnation, requests; descriptors: response region, body socket
  kInterrupt =
      3,  // worker, incarnation: the request is cancelled, signal the worker until it yields
  // worker, incarnation: SIGKILL, to its whole process group. Threads: to their process, once its
  // other workers have ended (who were told to, by the one who sends this) or after `status`
  // seconds
  kKill = 4,
  kFinish = 5,       // no more requests: end when the last worker has ended
  kListScripts = 6,  // one descriptor: a file for the list of OPcache's scripts
  kLook = 7,         // worker, incarnation, ticket: where is the script of this request
  // host -> front
  kReady = 16,    // version, text = build id; status = a WorkerKind; pid = the host's; text after a
                  // newline = PHP version
  kSpawned = 17,  // worker, incarnation, pid (of the process that a thread is in)
  kExited = 18,  // worker, incarnation, pid, status as waitpid() gives it (or would, for a thread);
                 // text: why its script did not come to its loop
  kLine = 19,    // worker (kNoWorker: the host itself), text: a line of its stderr
  kFailed = 20,  // text: why the host cannot start; it ends after this
  kYielded = 21,  // worker, incarnation, text: where the interrupted script was ("file:line")
  // A new host is wanted. status 0: a script called opcache_reset(); kTakesNoMore: OPcache is full
  // and would restart, so this host's threads end at their next request
  kRenewalWanted = 22,
  kScriptsListed = 23,  // the list that was asked for is complete
  kScriptsWarmed =
      24,  // status = scripts compiled ahead; pid = how many were not, text = a line each
  // worker, incarnation, ticket: the answer to kLook, within 100 ms. text: what the worker waits
  // for in the kernel (may be empty), then a line a frame, the innermost first; empty when the
  // request is over or the worker does not tell
  kLooked = 25,
};
inline constexpr int32_t kTakesNoMore = 1;
// What the workers of a host are.
enum class WorkerKind : int32_t {
  kProcess = 0,
  kThread = 1,          // of the host itself: none of them can be killed
  kThreadOfProcess = 2  // of several processes: killed with the threads beside it
};
// The exit status of a worker that has had as many requests as kSpawn named.
inline constexpr int kHadItsRequests = 72;

// Exit status of a worker whose script ended before it asked for a request.
inline constexpr int kExitBootFailed = 73;

inline constexpr uint32_t kNoWorker = 0xFFFFFFFF;

struct ControlHeader {
  ControlType type;
  uint32_t version = 0;  // kLayoutVersion
  uint32_t worker = kNoWorker;
  uint32_t incarnation = 0;
  int32_t pid = 0;
  int32_t status = 0;
  uint32_t requests = 0;  // kSpawn: end after so many; 0 = no limit
  uint32_t ticket = 0;    // kLook, kLooked: of the request
  uint32_t text_size = 0;
};

struct ControlMessage {
  ControlHeader header;
  char text_bytes[kMaxTextBytes];
  std::vector<base::UniqueFd> fds;
  std::string_view text() const { return {text_bytes, header.text_size}; }
};

// Sets text_size; text past kMaxTextBytes is cut.
base::Status send_control(int socket, ControlHeader header, std::string_view text = {},
                          std::span<const int> fds = {});
// False when the other end is gone.
base::Result<bool> receive_control(int socket, ControlMessage& message);

// What must be the same in both programs for them to understand each other.
std::string_view build_id();

}  // namespace howdah::channel

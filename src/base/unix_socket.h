#pragma once

// Messages with descriptors over SOCK_SEQPACKET socket pairs: how the processes of one server talk
// about everything that is not a request (docs/architecture.md, "control").

#include <span>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace howdah::base {

struct SocketPair {
  UniqueFd first;
  UniqueFd second;
};

// Both ends close on exec and block.
Result<SocketPair> make_seqpacket_pair();

inline constexpr size_t kMaxPassedFds = 64;

// Sends one message, with copies of `fds`. On a non-blocking socket whose buffer is full: EAGAIN.
Status send_message(int socket, std::span<const char> bytes, std::span<const int> fds = {});

struct ReceivedMessage {
  size_t size = 0;  // bytes put into the caller's buffer; 0 = the other end is gone
  std::vector<UniqueFd> fds;
};

// Receives one message into `into`. A message that does not fit is a protocol error.
// EAGAIN on a non-blocking socket with nothing to read is an Error with that errno; so is EMFILE:
// the message is lost, since this process had no room for its descriptors.
Result<ReceivedMessage> receive_message(int socket, std::span<char> into);

}  // namespace howdah::base

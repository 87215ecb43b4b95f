#pragma once

// The host's end of the control socket; also both ends of those to processes of a host
// (thread_hosts.h). Never blocks once the host runs: what the socket does not
// take waits here, in order, and the host reads no more worker output until it is gone.

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "channel/control.h"

namespace howdah::php {

class FrontLink {
 public:
  explicit FrontLink(base::UniqueFd socket) : socket_(std::move(socket)) {}

  // False when the descriptor is no socket that can be used.
  bool prepare();
  int fd() const { return socket_.get(); }
  bool congested() const { return !waiting_.empty(); }

  void send(channel::ControlHeader header, std::string_view text = {},
            std::vector<base::UniqueFd> fds = {});
  // Past the queue, blocking: for the last words of a host that ends.
  void send_now(channel::ControlHeader header, std::string_view text);
  // Sends what waits, as far as the socket takes it.
  void flush();
  // False when the front is gone; EAGAIN when there is nothing.
  base::Result<bool> receive(channel::ControlMessage& message);
  base::Result<bool> receive_blocking(channel::ControlMessage& message);
  // In a forked worker: the socket is the host's.
  void abandon() { socket_.reset(); }

 private:
  struct Waiting {
    channel::ControlHeader header;
    std::string text;
    std::vector<base::UniqueFd> fds;
  };
  base::Status try_send(const channel::ControlHeader& header, std::string_view text,
                        const std::vector<base::UniqueFd>& fds);

  base::UniqueFd socket_;
  std::deque<Waiting> waiting_;
};

}  // namespace howdah::php

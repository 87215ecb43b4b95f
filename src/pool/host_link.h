#pragma once

// The front's end of a host's control socket.

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>

#include "channel/control.h"
#include "net/event_loop.h"

namespace howdah::pool {

// What a host says. Called on the link's loop; may destroy the link.
class HostListener {
 public:
  virtual ~HostListener() = default;
  virtual void on_control(const channel::ControlMessage& message) = 0;
  // The host closed the socket or broke the protocol. Nothing follows.
  virtual void on_host_gone() = 0;
};

// Lives on one loop. Sending never blocks: a host that does not read its socket loses messages, and
// is treated like one that hangs.
class HostLink {
 public:
  HostLink(net::EventLoop& loop, base::UniqueFd socket, HostListener& listener);
  ~HostLink();

  // From now on `listener` hears what the host says.
  void listen(HostListener& listener) { listener_ = &listener; }
  base::Status send(channel::ControlHeader header, std::string_view text = {},
                    std::span<const int> fds = {});

 private:
  void wait();
  void receive();

  // Messages taken per readiness, so that a chatty host cannot keep the loop.
  static constexpr int kMessagesPerPass = 64;

  boost::asio::posix::stream_descriptor socket_;
  HostListener* listener_;
  std::unique_ptr<channel::ControlMessage> message_;
  // Cleared by the destructor: a handler that runs after it must not touch the link.
  std::shared_ptr<bool> alive_;  // shared with handlers in flight
};

}  // namespace howdah::pool

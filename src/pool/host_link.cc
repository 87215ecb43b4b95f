#include "pool/host_link.h"

namespace howdah::pool {

HostLink::HostLink(net::EventLoop& loop, base::UniqueFd socket, HostListener& listener)
    : socket_(loop.io(), socket.release()),
      listener_(&listener),
      message_(std::make_unique<channel::ControlMessage>()),
      alive_(std::make_shared<bool>(true)) {
  socket_.non_blocking(true);
  wait();
}

HostLink::~HostLink() { *alive_ = false; }

base::Status HostLink::send(channel::ControlHeader header, std::string_view text,
                            std::span<const int> fds) {
  return channel::send_control(socket_.native_handle(), header, text, fds);
}

void HostLink::wait() {
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this, alive = alive_](const boost::system::error_code& error) {
                       if (*alive && !error) receive();
                     });
}

void HostLink::receive() {
  std::shared_ptr<bool> alive = alive_;
  for (int i = 0; i < kMessagesPerPass; ++i) {
    auto received = channel::receive_control(socket_.native_handle(), *message_);
    if (!received && received.error().sys_errno == EAGAIN) break;
    if (!received || !*received) {
      listener_->on_host_gone();
      return;
    }
    listener_->on_control(*message_);
    if (!*alive) return;
  }
  wait();
}

}  // namespace howdah::pool

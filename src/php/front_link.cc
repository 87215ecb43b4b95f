#include "php/front_link.h"

#include <poll.h>

namespace howdah::php {
namespace {

void wait_for(int fd, short events) {
  pollfd polled{fd, events, 0};
  base::retry_eintr([&] { return ::poll(&polled, 1, -1); });
}

}  // namespace

bool FrontLink::prepare() {
  return base::set_cloexec(socket_.get(), true).has_value() &&
         base::set_nonblocking(socket_.get()).has_value();
}

void FrontLink::send(channel::ControlHeader header, std::string_view text) {
  if (waiting_.empty()) {
    auto sent = channel::send_control(socket_.get(), header, text);
    if (sent || sent.error().sys_errno != EAGAIN) return;
  }
  waiting_.push_back({header, std::string(text)});
}

void FrontLink::send_now(channel::ControlHeader header, std::string_view text) {
  for (;;) {
    auto sent = channel::send_control(socket_.get(), header, text);
    if (sent || sent.error().sys_errno != EAGAIN) return;
    wait_for(socket_.get(), POLLOUT);
  }
}

void FrontLink::flush() {
  while (!waiting_.empty()) {
    auto sent =
        channel::send_control(socket_.get(), waiting_.front().header, waiting_.front().text);
    if (!sent && sent.error().sys_errno == EAGAIN) return;
    waiting_.pop_front();
  }
}

base::Result<bool> FrontLink::receive(channel::ControlMessage& message) {
  return channel::receive_control(socket_.get(), message);
}

base::Result<bool> FrontLink::receive_blocking(channel::ControlMessage& message) {
  for (;;) {
    auto received = receive(message);
    if (received || received.error().sys_errno != EAGAIN) return received;
    wait_for(socket_.get(), POLLIN);
  }
}

}  // namespace howdah::php

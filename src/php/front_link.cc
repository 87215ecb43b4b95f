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

base::Status FrontLink::try_send(const channel::ControlHeader& header, std::string_view text,
                                 const std::vector<base::UniqueFd>& fds) {
  std::vector<int> numbers;
  for (const base::UniqueFd& fd : fds) numbers.push_back(fd.get());
  return channel::send_control(socket_.get(), header, text, numbers);
}

void FrontLink::send(channel::ControlHeader header, std::string_view text,
                     std::vector<base::UniqueFd> fds) {
  if (waiting_.empty()) {
    auto sent = try_send(header, text, fds);
    if (sent || sent.error().sys_errno != EAGAIN) return;
  }
  waiting_.push_back({header, std::string(text), std::move(fds)});
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
    const Waiting& next = waiting_.front();
    auto sent = try_send(next.header, next.text, next.fds);
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

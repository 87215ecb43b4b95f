#include "net/ready_set.h"

#include <sys/epoll.h>

#include <algorithm>

namespace howdah::net {

ReadySet::ReadySet() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) base::die("epoll_create1");
}

base::Status ReadySet::watch(int fd, uint32_t events, ReadyHandler& handler) {
  epoll_event event{};
  event.events = events | EPOLLET;
  event.data.ptr = &handler;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0)
    return base::fail_errno("epoll_ctl");
  return {};
}

base::Status ReadySet::add(int fd, ReadyHandler& handler) {
  return watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, handler);
}

base::Status ReadySet::add_shared(int fd, ReadyHandler& handler) {
  return watch(fd, EPOLLIN | EPOLLEXCLUSIVE, handler);
}

void ReadySet::remove(int fd, ReadyHandler& handler) {
  // Not left to close(): a duplicate of the descriptor would keep the entry and its dead handler.
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  std::replace(batch_, batch_ + batch_size_, static_cast<void*>(&handler),
               static_cast<void*>(nullptr));
}

int ReadySet::dispatch() {
  epoll_event events[kBatch];
  int count = base::retry_eintr([&] { return ::epoll_wait(epoll_.get(), events, kBatch, 0); });
  if (count < 0) base::die("epoll_wait");
  for (int i = 0; i < count; ++i) batch_[i] = events[i].data.ptr;
  batch_size_ = count;
  for (int i = 0; i < count; ++i) {
    if (batch_[i] != nullptr) static_cast<ReadyHandler*>(batch_[i])->on_ready(events[i].events);
  }
  batch_size_ = 0;
  return count;
}

}  // namespace howdah::net

#pragma once

// An edge-triggered epoll set for the sockets of clients.

#include <cstdint>

#include "base/fd.h"

namespace howdah::net {

// What a ready set tells. An object is told once for each change, so it reads or writes until the
// kernel says EAGAIN.
class ReadyHandler {
 public:
  virtual ~ReadyHandler() = default;
  // `events` are EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR bits. The handler may destroy
  // itself or any other handler of the set inside the call, after ReadySet::remove().
  virtual void on_ready(uint32_t events) = 0;
};

class ReadySet {
 public:
  ReadySet();
  int fd() const { return epoll_.get(); }

  // Watches `fd` for reading, writing and hang-up. `handler` stays until remove().
  base::Status add(int fd, ReadyHandler& handler);
  // Watches a listening socket that sets of other threads watch too.
  base::Status add_shared(int fd, ReadyHandler& handler);
  // No call reaches `handler` after this, even one already fetched from the kernel.
  void remove(int fd, ReadyHandler& handler);

  // Fetches what is ready, without blocking, and tells the handlers. Returns how many it told.
  int dispatch();

 private:
  static constexpr int kBatch = 256;
  base::Status watch(int fd, uint32_t events, ReadyHandler& handler);

  base::UniqueFd epoll_;
  void* batch_[kBatch];  // handlers still to be told in the running dispatch()
  int batch_size_ = 0;
};

}  // namespace howdah::net

#pragma once

// A client's connected socket as a stream of bytes.

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "base/fd.h"

namespace howdah::net {

// Owns the descriptor, which is non-blocking; closes it at its end. The calls that move bytes
// return how many, or -1 with errno set: EAGAIN when the kernel cannot now, anything else is the
// end.
class ClientSocket {
 public:
  ClientSocket() = default;
  explicit ClientSocket(base::UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }

  // 0 = the client sends no more.
  ssize_t receive(std::span<char> room);
  // `more` follows at once: the kernel may wait with a packet that is not full.
  ssize_t send(std::span<const iovec> pieces, bool more);
  // Bytes of a file; 0 = it ends before `offset`.
  ssize_t send_file(int file, uint64_t offset, size_t size);

  // Nothing more will be sent; the client may still send.
  void end_output();
  void close() { fd_.reset(); }
  // Closes so that the client sees a reset instead of an end.
  void abort();

 private:
  base::UniqueFd fd_;
};

}  // namespace howdah::net

#pragma once

// A client's connected socket as a stream of bytes, plain or inside TLS.

#include <sys/types.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>

#include "base/fd.h"
#include "net/tls_session.h"

namespace howdah::net {

// Of errno after such a call, or one of the system's: the socket is as it was, try again when the
// ready set tells.
inline bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

// Owns the descriptor, which is non-blocking; closes it at its end. The calls that move bytes
// return how many, or -1 with errno set: EAGAIN when the kernel cannot now, anything else is the
// end. After EAGAIN from one that sends, the next sends the same bytes first, and as many or more.
class ClientSocket {
 public:
  ClientSocket() = default;
  explicit ClientSocket(base::UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  // From now on bytes go through the session, whose handshake is the caller's.
  void start_tls(std::unique_ptr<TlsSession> session) { tls_ = std::move(session); }
  // Null on a plain connection.
  TlsSession* tls() const { return tls_.get(); }

  // 0 = the client sends no more.
  ssize_t receive(std::span<char> room);
  // After receive() took `got` bytes for `room` bytes of room: false when there are no more until
  // the ready set tells of them.
  bool may_hold_more(size_t got, size_t room) const {
    return decrypts() ? tls_->may_hold_more() : got == room;
  }
  // Bytes may have been received already of which the ready set will not tell: begin by asking.
  bool holds_input() const { return decrypts(); }
  // `more` follows at once: the kernel may wait with a packet that is not full.
  ssize_t send(std::span<const iovec> pieces, bool more);
  // Bytes of a file; 0 = it ends before `offset`.
  ssize_t send_file(int file, uint64_t offset, size_t size);
  // What `events` of the ready set mean here: TLS may have to write before it can read.
  uint32_t wakes(uint32_t events) const { return tls_ ? tls_->wakes(events) : events; }

  // Nothing more will be sent; the client may still send, but inside TLS what it sends is only good
  // for being counted.
  void end_output();
  void close();
  // Closes so that the client sees a reset instead of an end.
  void abort();

 private:
  bool decrypts() const { return tls_ && !tls_->output_ended(); }

  base::UniqueFd fd_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace howdah::net

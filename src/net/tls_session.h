#pragma once

// One client's TLS over its socket: the handshake, and bytes in and out as ClientSocket wants them.
//
// OpenSSL reads and writes the descriptor itself, so that the kernel may encrypt (kTLS) and an idle
// session holds no buffers. The process ignores SIGPIPE.

#include <sys/types.h>
#include <sys/uio.h>

#include <memory>
#include <span>
#include <string_view>

#include "net/tls_context.h"

namespace howdah::net {

// Owned by its ClientSocket, which owns the descriptor too and outlives the session.
class TlsSession {
 public:
  // Null when there is no memory. `fd` is non-blocking.
  static std::unique_ptr<TlsSession> create(std::shared_ptr<const TlsContext> context, int fd);

  enum class Handshake {
    kDone,
    kAgain,   // when the socket is ready again
    kFailed,  // failure() says why; the client has been told
  };
  Handshake handshake();
  // OpenSSL's reason, a literal.
  const char* failure() const { return failure_; }
  // After the handshake: "TLSv1.3", a literal; the protocol chosen by ALPN, empty = none.
  const char* version() const;
  std::string_view protocol() const;

  // As ClientSocket's calls of these names.
  ssize_t receive(std::span<char> room);
  ssize_t send(std::span<const iovec> pieces);
  ssize_t send_file(int file, uint64_t offset, size_t size);
  bool may_hold_more() const { return may_hold_more_; }
  uint32_t wakes(uint32_t events) const;

  // Tells the client that nothing more comes, once. What it still says is not decrypted.
  void end_output();
  bool output_ended() const { return output_ended_; }

 private:
  TlsSession(std::shared_ptr<const TlsContext> context, SslPtr ssl);
  enum class Wait {
    kNone,
    kRead,   // until the socket can be read
    kWrite,  // until it can be written
  };
  // Sets errno for a call that failed and returns what the caller returns: -1, or 0 at the end.
  ssize_t fail(int result, Wait& wait);
  int read(std::span<char> room);
  ssize_t write(const char* bytes, size_t size);
  size_t next_record(std::span<const iovec> pieces, size_t skip, const char*& bytes);

  // shared_ptr: the handshake needs it, and newer certificates may replace it meanwhile.
  std::shared_ptr<const TlsContext> context_;
  SslPtr ssl_;
  const char* failure_ = "";
  size_t unfinished_ = 0;      // of a record that waits for the kernel: to be sent again
  int quiet_reads_ = 0;        // that brought no data
  bool may_hold_more_ = true;  // bytes of which the ready set will not tell
  bool broken_ = false;
  bool output_ended_ = false;
  // What the calls of each direction wait for: not always the same direction of the socket.
  Wait receive_waits_ = Wait::kNone;
  Wait send_waits_ = Wait::kNone;
};

}  // namespace howdah::net

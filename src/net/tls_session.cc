#include "net/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/result.h"

namespace howdah::net {
namespace {

// Plain bytes of the largest record.
constexpr size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;

// Of a whole session. Clients that change keys do so after millions of records.
constexpr int kMostQuietReads = 32;

// Small pieces, and bytes of files, become one record here.
thread_local char record[kRecordBytes];

bool kernel_encrypts(SSL* ssl) { return BIO_get_ktls_send(SSL_get_wbio(ssl)) != 0; }

}  // namespace

std::unique_ptr<TlsSession> TlsSession::create(std::shared_ptr<const TlsContext> context, int fd) {
  SslPtr ssl(SSL_new(context->first()));
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  SSL_set_accept_state(ssl.get());
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(context), std::move(ssl)));
}

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, SslPtr ssl)
    : context_(std::move(context)), ssl_(std::move(ssl)) {}

// The queue of errors is empty before each call of OpenSSL, which would otherwise take an old one
// for this session's.
ssize_t TlsSession::fail(int result, Wait& wait) {
  int system_error = errno;
  int kind = SSL_get_error(ssl_.get(), result);
  switch (kind) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      wait = kind == SSL_ERROR_WANT_READ ? Wait::kRead : Wait::kWrite;
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    case SSL_ERROR_SYSCALL:
      failure_ = "connection lost";
      errno = system_error != 0 && system_error != EAGAIN ? system_error : ECONNRESET;
      break;
    default:
      const char* reason = ERR_reason_error_string(ERR_peek_error());
      failure_ = reason != nullptr ? reason : "protocol error";
      errno = EPROTO;
      break;
  }
  broken_ = true;
  system_error = errno;
  ERR_clear_error();
  errno = system_error;
  return -1;
}

TlsSession::Handshake TlsSession::handshake() {
  errno = 0;
  int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return Handshake::kDone;
  Wait either = Wait::kNone;
  ssize_t failed = fail(result, either);
  if (failed < 0 && errno == EAGAIN) return Handshake::kAgain;
  if (failed == 0) failure_ = "the client left";
  broken_ = true;
  return Handshake::kFailed;
}

const char* TlsSession::version() const { return SSL_get_version(ssl_.get()); }

std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

// Goes on after records without data (new keys), of which no client has many to send: each costs as
// much as many bytes. errno is EAGAIN when the kernel has no more.
int TlsSession::read(std::span<char> room) {
  int size = static_cast<int>(std::min<size_t>(room.size(), INT_MAX));
  for (;;) {
    errno = 0;
    int got = SSL_read(ssl_.get(), room.data(), size);
    if (got > 0 || errno != 0) return got;
    if (SSL_get_error(ssl_.get(), got) != SSL_ERROR_WANT_READ) return got;
    if (++quiet_reads_ > kMostQuietReads) {
      ERR_raise(ERR_LIB_SSL, SSL_R_TOO_MANY_KEY_UPDATES);
      return got;
    }
  }
}

// The record layer reads ahead into a buffer that is larger than any record. When it was empty
// before and after one record, the kernel gave less than was asked for and is empty too: the next
// byte will be told of. The kernel's own TLS gives a record at a time and proves nothing.
ssize_t TlsSession::receive(std::span<char> room) {
  bool began_empty = SSL_has_pending(ssl_.get()) == 0;
  receive_waits_ = Wait::kNone;
  int got = read(room);
  if (got > 0) {
    may_hold_more_ = !began_empty || SSL_has_pending(ssl_.get()) != 0 ||
                     BIO_get_ktls_recv(SSL_get_rbio(ssl_.get())) != 0;
    return got;
  }
  ssize_t failed = fail(got, receive_waits_);
  may_hold_more_ = failed == 0;
  return failed;
}

ssize_t TlsSession::write(const char* bytes, size_t size) {
  // What was begun is sent again as it was; OpenSSL insists.
  if (unfinished_ > size) {
    errno = EPROTO;
    return -1;
  }
  if (unfinished_ != 0) size = unfinished_;
  send_waits_ = Wait::kNone;
  errno = 0;
  int sent = SSL_write(ssl_.get(), bytes, static_cast<int>(size));
  unfinished_ = 0;
  if (sent > 0) return sent;
  ssize_t failed = fail(sent, send_waits_);
  if (failed < 0 && errno == EAGAIN) unfinished_ = size;
  if (failed == 0) errno = EPIPE;
  return -1;
}

// Where the next record's bytes are, after `skip` bytes of the pieces: in one of them, or gathered.
size_t TlsSession::next_record(std::span<const iovec> pieces, size_t skip, const char*& bytes) {
  size_t gathered = 0;
  for (const iovec& piece : pieces) {
    const char* begin = static_cast<const char*>(piece.iov_base);
    size_t size = piece.iov_len;
    size_t gone = std::min(skip, size);
    skip -= gone;
    size -= gone;
    if (size == 0) continue;
    if (gathered == 0 && (size >= kRecordBytes || &piece == &pieces.back())) {
      bytes = begin + gone;
      return std::min(size, kRecordBytes);
    }
    size_t taken = std::min(size, kRecordBytes - gathered);
    std::memcpy(record + gathered, begin + gone, taken);
    gathered += taken;
    if (gathered == kRecordBytes) break;
  }
  bytes = record;
  return gathered;
}

ssize_t TlsSession::send(std::span<const iovec> pieces) {
  size_t total = 0;
  for (;;) {
    const char* bytes = nullptr;
    size_t size = next_record(pieces, total, bytes);
    if (size == 0) return static_cast<ssize_t>(total);
    ssize_t sent = write(bytes, size);
    if (sent < 0) return total > 0 && errno == EAGAIN ? static_cast<ssize_t>(total) : -1;
    total += static_cast<size_t>(sent);
  }
}

ssize_t TlsSession::send_file(int file, uint64_t offset, size_t size) {
  if (kernel_encrypts(ssl_.get())) {
    errno = 0;
    ossl_ssize_t sent = SSL_sendfile(ssl_.get(), file, static_cast<off_t>(offset), size, 0);
    return sent > 0 ? sent : fail(static_cast<int>(sent), send_waits_);
  }
  size = std::min(size, kRecordBytes);
  ssize_t got =
      base::retry_eintr([&] { return ::pread(file, record, size, static_cast<off_t>(offset)); });
  return got > 0 ? write(record, static_cast<size_t>(got)) : got;
}

uint32_t TlsSession::wakes(uint32_t events) const {
  uint32_t out = events;
  if (receive_waits_ == Wait::kWrite && (events & EPOLLOUT) != 0) out |= EPOLLIN;
  if (send_waits_ == Wait::kRead && (events & EPOLLIN) != 0) out |= EPOLLOUT;
  return out;
}

void TlsSession::end_output() {
  if (output_ended_) return;
  output_ended_ = true;
  // Inside a record, or after a failure, nothing sensible can be said.
  if (broken_ || unfinished_ != 0 || SSL_is_init_finished(ssl_.get()) == 0) return;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace howdah::net

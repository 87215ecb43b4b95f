#include "net/client_socket.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>

namespace howdah::net {
namespace {

// The kernel takes no more pieces in one call.
constexpr size_t kMaxPieces = 1024;

}  // namespace

ssize_t ClientSocket::receive(std::span<char> room) {
  if (decrypts()) return tls_->receive(room);
  return base::retry_eintr([&] { return ::recv(fd_.get(), room.data(), room.size(), 0); });
}

ssize_t ClientSocket::send(std::span<const iovec> pieces, bool more) {
  if (tls_) return tls_->send(pieces);
  int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
  if (pieces.size() == 1) {
    const iovec& piece = pieces.front();
    return base::retry_eintr(
        [&] { return ::send(fd_.get(), piece.iov_base, piece.iov_len, flags); });
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = std::min(pieces.size(), kMaxPieces);
  return base::retry_eintr([&] { return ::sendmsg(fd_.get(), &message, flags); });
}

ssize_t ClientSocket::send_file(int file, uint64_t offset, size_t size) {
  if (tls_) return tls_->send_file(file, offset, size);
  auto from = static_cast<off_t>(offset);
  return base::retry_eintr([&] { return ::sendfile(fd_.get(), file, &from, size); });
}

void ClientSocket::end_output() {
  if (tls_) tls_->end_output();
  ::shutdown(fd_.get(), SHUT_WR);
}

void ClientSocket::close() {
  if (tls_) tls_->end_output();
  tls_.reset();
  fd_.reset();
}

void ClientSocket::abort() {
  ::linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  tls_.reset();
  fd_.reset();
}

}  // namespace howdah::net

#include "base/unix_socket.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace howdah::base {

Result<SocketPair> make_seqpacket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    return fail_errno("socketpair");
  }
  return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Status send_message(int socket, std::span<const char> bytes, std::span<const int> fds) {
  if (fds.size() > kMaxPassedFds) return fail({ErrorKind::kLimit, 0, "too many descriptors"});
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxPassedFds * sizeof(int))];
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  if (retry_eintr([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL); }) < 0) {
    return fail_errno("sendmsg");
  }
  return {};
}

Result<ReceivedMessage> receive_message(int socket, std::span<char> into) {
  iovec piece{into.data(), into.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxPassedFds * sizeof(int))];
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = retry_eintr([&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC); });
  if (got < 0) return fail_errno("recvmsg");

  ReceivedMessage received;
  received.size = static_cast<size_t>(got);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      received.fds.emplace_back(fd);
    }
  }
  const bool lost_descriptors = (message.msg_flags & MSG_CTRUNC) != 0;
  if ((message.msg_flags & MSG_TRUNC) != 0 ||
      (lost_descriptors && received.fds.size() == kMaxPassedFds)) {
    return fail({ErrorKind::kProtocol, 0, "control message too long"});
  }
  if (lost_descriptors) {
    return fail({ErrorKind::kLimit, EMFILE, "no free descriptor for one that came in a message"});
  }
  return received;
}

}  // namespace howdah::base

#include "app/parent/link.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace howdah::app {

base::Status send_link(int socket, const LinkMessage& message, std::span<const int> fds,
                       std::string_view text) {
  char bytes[sizeof message + kLongestLinkText];
  size_t text_size = std::min(text.size(), kLongestLinkText);
  std::memcpy(bytes, &message, sizeof message);
  std::copy_n(text.begin(), text_size, bytes + sizeof message);
  return base::send_message(socket, {bytes, sizeof message + text_size}, fds);
}

base::Result<ReceivedLink> receive_link(int socket) {
  ReceivedLink link{};
  char bytes[sizeof link.message + kLongestLinkText];
  auto received = base::receive_message(socket, bytes);
  if (!received) return base::fail(received.error());
  if (received->size == 0) return base::fail({base::ErrorKind::kClosed, 0, "link"});
  if (received->size < sizeof link.message) {
    return base::fail({base::ErrorKind::kProtocol, 0, "link message of a wrong size"});
  }
  std::memcpy(&link.message, bytes, sizeof link.message);
  link.text.assign(bytes + sizeof link.message, received->size - sizeof link.message);
  link.fds = std::move(received->fds);
  return link;
}

}  // namespace howdah::app

#include "app/parent/link.h"

#include <utility>

namespace howdah::app {

base::Status send_link(int socket, const LinkMessage& message, std::span<const int> fds) {
  return base::send_message(socket, {reinterpret_cast<const char*>(&message), sizeof message}, fds);
}

base::Result<ReceivedLink> receive_link(int socket) {
  ReceivedLink link{};
  auto bytes = std::span(reinterpret_cast<char*>(&link.message), sizeof link.message);
  auto received = base::receive_message(socket, bytes);
  if (!received) return base::fail(received.error());
  if (received->size == 0) return base::fail({base::ErrorKind::kClosed, 0, "link"});
  if (received->size != sizeof link.message) {
    return base::fail({base::ErrorKind::kProtocol, 0, "link message of a wrong size"});
  }
  link.fds = std::move(received->fds);
  return link;
}

}  // namespace howdah::app

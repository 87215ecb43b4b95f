#include "channel/control.h"

#include <algorithm>
#include <cstring>

#include "channel/layout.h"

namespace howdah::channel {

base::Status send_control(int socket, ControlHeader header, std::string_view text,
                          std::span<const int> fds) {
  text = text.substr(0, kMaxTextBytes);
  header.version = kLayoutVersion;
  header.text_size = static_cast<uint32_t>(text.size());
  char bytes[sizeof(ControlHeader) + kMaxTextBytes];
  std::memcpy(bytes, &header, sizeof header);
  std::copy(text.begin(), text.end(), bytes + sizeof header);
  return base::send_message(socket, {bytes, sizeof header + text.size()}, fds);
}

base::Result<bool> receive_control(int socket, ControlMessage& message) {
  char bytes[sizeof(ControlHeader) + kMaxTextBytes];
  auto received = base::receive_message(socket, bytes);
  if (!received) return base::fail(received.error());
  if (received->size == 0) return false;
  if (received->size < sizeof(ControlHeader)) {
    return base::fail({base::ErrorKind::kProtocol, 0, "control message too short"});
  }
  std::memcpy(&message.header, bytes, sizeof message.header);
  if (message.header.text_size != received->size - sizeof(ControlHeader)) {
    return base::fail({base::ErrorKind::kProtocol, 0, "control message of a wrong size"});
  }
  std::memcpy(message.text_bytes, bytes + sizeof(ControlHeader), message.header.text_size);
  message.fds = std::move(received->fds);
  return true;
}

std::string_view build_id() { return "howdah " HOWDAH_VERSION; }

}  // namespace howdah::channel

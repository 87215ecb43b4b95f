#include "app/watch/watch_report.h"

#include <algorithm>
#include <cstring>

#include "base/unix_socket.h"

namespace howdah::app {
namespace {

// As it travels; the text follows.
struct Head {
  WatchReport::Kind kind;
  Change change;
  uint64_t sets;
  uint32_t files;
  uint32_t unused;
};

}  // namespace

base::Status send_report(int socket, const WatchReport& report) {
  Head head{report.kind, report.change, report.sets, report.files, 0};
  char bytes[sizeof head + kLongestWatchText];
  size_t text_size = std::min(report.text.size(), kLongestWatchText);
  std::memcpy(bytes, &head, sizeof head);
  std::memcpy(bytes + sizeof head, report.text.data(), text_size);
  return base::send_message(socket, {bytes, sizeof head + text_size});
}

base::Result<WatchReport> receive_report(int socket) {
  Head head;
  char bytes[sizeof head + kLongestWatchText];
  auto received = base::receive_message(socket, bytes);
  if (!received) return base::fail(received.error());
  if (received->size == 0) return base::fail({base::ErrorKind::kClosed, 0, "watch"});
  if (received->size < sizeof head) {
    return base::fail({base::ErrorKind::kProtocol, 0, "watch report of a wrong size"});
  }
  std::memcpy(&head, bytes, sizeof head);
  return WatchReport{.kind = head.kind,
                     .change = std::min(head.change, Change::kCode),
                     .sets = head.sets,
                     .files = head.files,
                     .text{bytes + sizeof head, received->size - sizeof head}};
}

}  // namespace howdah::app

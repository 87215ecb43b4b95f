#include "app/parent/notifier.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "base/fd.h"

namespace howdah::app {

// The process id tells the server from a script that has started it.
void Notifier::ready(std::string_view status) {
  tell(fmt::format("READY=1\nMAINPID={}\n", ::getpid()), status);
}

// systemd compares the time with that of its signal (Type=notify-reload).
void Notifier::reloading() {
  tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n", base::monotonic_now() / base::kMicrosecond),
       "Reloading");
}

void Notifier::stopping(std::string_view status) { tell("STOPPING=1\n", status); }

void Notifier::status(std::string_view status) { tell("", status); }

void Notifier::alive() { tell("WATCHDOG=1\n", ""); }

void Notifier::tell(std::string_view state, std::string_view status) {
  if (manager_.socket.empty()) return;
  std::string message(state);
  if (!status.empty()) message.append("STATUS=").append(status.substr(0, status.find('\n')));
  if (send(message) || failure_logged_) return;
  failure_logged_ = true;
  log_.warn("the service manager cannot be told",
            {{"NOTIFY_SOCKET", manager_.socket}, {"reason", std::strerror(errno)}});
}

// A socket for each message: none is open that a child could inherit.
bool Notifier::send(std::string_view message) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  manager_.socket.copy(address.sun_path, sizeof address.sun_path - 1);
  // The name of an abstract socket has its length and no end.
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + manager_.socket.size());
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return fd && ::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL,
                        reinterpret_cast<const sockaddr*>(&address), size) >= 0;
}

}  // namespace howdah::app

#pragma once

// Socket activation: listening sockets that the service manager opened before it started us
// (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES).

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::app {

struct InheritedSocket {
  int fd = -1;
  std::string name;  // FileDescriptorName= of the socket unit; may be empty
};

// Nothing of these reaches PHP, nor those of service_manager.h: a script could speak for the
// server.
inline constexpr std::string_view kInheritedVariables[] = {
    "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"};

// What `environment` says was given to process `self`: nothing when it is about another process.
// What is wrong with it is appended to `problems`.
std::vector<InheritedSocket> inherited_sockets(
    const std::map<std::string, std::string, std::less<>>& environment, pid_t self,
    std::vector<std::string>& problems);

}  // namespace howdah::app

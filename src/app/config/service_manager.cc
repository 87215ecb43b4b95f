#include "app/config/service_manager.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <string_view>

#include "app/config/units.h"

namespace howdah::app {
namespace {

// Longer ones are an hour's mistake rather than a watchdog.
constexpr uint64_t kLongestWatchdog = 24ULL * 3600 * 1'000'000;

std::string_view value_of(const std::vector<std::string>& environment, std::string_view name) {
  for (std::string_view entry : environment) {
    if (entry.starts_with(name) && entry.substr(name.size()).starts_with('=')) {
      return entry.substr(name.size() + 1);
    }
  }
  return {};
}

bool is_address(std::string_view text) {
  return (text.starts_with('/') || text.starts_with('@')) && text.size() > 1 &&
         text.size() < sizeof(sockaddr_un::sun_path);
}

}  // namespace

ServiceManager service_manager(const std::vector<std::string>& environment, pid_t self,
                               std::vector<std::string>& problems) {
  ServiceManager manager;
  std::string_view socket = value_of(environment, "NOTIFY_SOCKET");
  if (is_address(socket)) {
    manager.socket = socket;
  } else if (!socket.empty()) {
    problems.push_back(fmt::format(
        "NOTIFY_SOCKET={}: no name of a socket; accepted: /path, @abstract name", socket));
  }
  std::string_view watchdog = value_of(environment, "WATCHDOG_USEC");
  std::string_view pid = value_of(environment, "WATCHDOG_PID");
  if (watchdog.empty() || (!pid.empty() && pid != std::to_string(self))) return manager;
  auto time = parse_integer(watchdog);
  if (!time || *time == 0 || *time > kLongestWatchdog) {
    problems.push_back(
        fmt::format("WATCHDOG_USEC={}: not a time; accepted: 1 to {}", watchdog, kLongestWatchdog));
    return manager;
  }
  manager.watchdog = static_cast<base::Nanos>(*time) * base::kMicrosecond;
  return manager;
}

}  // namespace howdah::app

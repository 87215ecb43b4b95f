#include "app/parent/sockets.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <thread>
#include <utility>

#include "app/config/checks.h"
#include "base/clock.h"

namespace howdah::app {
namespace {

constexpr mode_t kControlMode = 0600;
// An address in use is tried again for so long, at these intervals.
constexpr base::Nanos kBindPatience = base::kSecond;
constexpr base::Nanos kBindPause = 20 * base::kMillisecond;
// Names of inherited sockets; all others answer HTTP.
constexpr std::string_view kInternalName = "internal";
constexpr std::string_view kHttpsName = "https";

// A server that was killed a moment ago may still hold the address: its front ends after it.
base::Result<std::vector<net::Listener>> bind_patiently(const net::ListenAddress& address) {
  for (base::Nanos until = base::monotonic_now() + kBindPatience;;) {
    auto bound = net::bind_listeners(address);
    bool in_use = !bound && bound.error().sys_errno == EADDRINUSE;
    if (!in_use || base::monotonic_now() >= until) return bound;
    std::this_thread::sleep_for(std::chrono::nanoseconds(kBindPause));
  }
}

void open_address(const Config& config, std::string_view setting, const std::string& text,
                  std::vector<net::Listener>& into, std::vector<std::string>& problems) {
  auto address = net::parse_listen_address(text);
  if (!address) return;  // said by the parser of the setting
  auto bound = bind_patiently(*address);
  if (!bound) {
    std::string wrong = fmt::format("{}: {}", text, bound.error().message());
    problems.push_back(describe_problem(config, setting, wrong));
    return;
  }
  for (net::Listener& listener : *bound) into.push_back(std::move(listener));
}

// For the default path; one that was named must have its directory.
void make_parent_directory(const std::string& path) {
  std::filesystem::path directory = std::filesystem::path(path).parent_path();
  bool shared = directory == "/run/howdah";
  ::mkdir(directory.c_str(), shared ? 0755 : 0700);
}

void open_control_socket(Config& config, Sockets& sockets, std::vector<std::string>& problems) {
  if (config.control_socket.empty()) return;
  bool chosen = !found(config, "CONTROL_SOCKET").text.empty();
  if (!chosen) make_parent_directory(config.control_socket);
  net::ListenAddress address{.kind = net::ListenAddress::Kind::kUnix,
                             .host = "",
                             .path = config.control_socket,
                             .mode = kControlMode};
  auto bound = bind_patiently(address);
  if (bound) {
    sockets.control = std::move(*bound);
    return;
  }
  std::string wrong = fmt::format("{}: {}", config.control_socket, bound.error().message());
  if (chosen) {
    problems.push_back(describe_problem(config, "CONTROL_SOCKET", wrong));
  } else {
    config.notices.push_back("no CONTROL_SOCKET, `howdah status` will not work: " + wrong);
    config.control_socket.clear();
  }
}

// A socket without a name of its own stands for LISTEN_ADDR, and speaks what that would.
std::vector<net::Listener>& place_of(const Config& config, std::string_view name,
                                     Sockets& sockets) {
  if (name == kInternalName) return sockets.internal;
  bool tls = name == kHttpsName || (config.listen.empty() && !config.tls_listen.empty());
  return tls ? sockets.tls : sockets.plain;
}

void take_inherited(Config& config, Sockets& sockets, std::vector<std::string>& problems) {
  for (const InheritedSocket& socket : config.inherited) {
    auto listener = net::inherit_listener(base::UniqueFd(socket.fd));
    auto wrong = [&](std::string_view what) {
      problems.push_back(fmt::format("LISTEN_FDS={}: descriptor {} ({}): {}",
                                     config.inherited.size(), socket.fd, socket.name, what));
    };
    if (!listener) {
      wrong(listener.error().message() + "; accepted: listening stream sockets");
    } else if (socket.name == kHttpsName && config.tls_cert.empty()) {
      wrong("HTTPS needs TLS_CERT and TLS_KEY");
    } else {
      place_of(config, socket.name, sockets).push_back(std::move(*listener));
    }
  }
  auto note = [&](std::string_view setting) {
    Origin origin = found(config, setting).origin;
    if (origin == Origin::kDefault || origin == Origin::kServe) return;
    config.notices.push_back(
        fmt::format("{} is not used: the service manager has opened sockets", setting));
  };
  if (!sockets.plain.empty() || !sockets.tls.empty()) note("LISTEN_ADDR");
  if (!sockets.tls.empty()) note("TLS_LISTEN_ADDR");
  if (!sockets.internal.empty()) note("INTERNAL_ADDR");
}

}  // namespace

Sockets open_sockets(Config& config, std::vector<std::string>& problems) {
  Sockets sockets;
  take_inherited(config, sockets, problems);
  const bool taken = !sockets.plain.empty() || !sockets.tls.empty();
  const bool own = !found(config, "TLS_LISTEN_ADDR").text.empty();
  if (!taken) {
    for (const std::string& text : config.listen) {
      open_address(config, "LISTEN_ADDR", text, sockets.plain, problems);
    }
  }
  if (sockets.tls.empty() && (own || !taken)) {
    for (const std::string& text : config.tls_listen) {
      open_address(config, own ? "TLS_LISTEN_ADDR" : "LISTEN_ADDR", text, sockets.tls, problems);
    }
  }
  if (sockets.internal.empty() && !config.internal_addr.empty()) {
    open_address(config, "INTERNAL_ADDR", config.internal_addr, sockets.internal, problems);
  }
  open_control_socket(config, sockets, problems);
  if (!problems.empty()) {
    remove_socket_files(sockets);
    return {};
  }
  return sockets;
}

void close_listeners(Sockets& sockets) {
  for (auto* list : {&sockets.plain, &sockets.tls}) {
    for (net::Listener& listener : *list) listener.fd.reset();
  }
}

void remove_socket_files(Sockets& sockets) {
  for (auto* list : {&sockets.plain, &sockets.tls, &sockets.internal, &sockets.control}) {
    for (net::Listener& listener : *list) net::remove_socket_file(listener);
  }
}

}  // namespace howdah::app

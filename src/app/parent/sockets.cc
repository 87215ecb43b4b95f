#include "app/parent/sockets.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>
#include <utility>

#include "app/config/checks.h"

namespace howdah::app {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr mode_t kControlMode = 0600;
constexpr mode_t kOnlyUs = 0177;  // umask: closes the gap between bind() and chmod()

void open_address(const Config& config, std::string_view setting, const std::string& text,
                  std::vector<net::Listener>& into, std::vector<std::string>& problems) {
  auto address = net::parse_listen_address(text);
  if (!address) return;  // said by the parser of the setting
  auto bound = net::bind_listeners(*address);
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
  mode_t before = ::umask(kOnlyUs);
  net::ListenAddress address{.kind = net::ListenAddress::Kind::kUnix,
                             .host = "",
                             .path = config.control_socket,
                             .mode = kControlMode};
  auto bound = net::bind_listeners(address);
  ::umask(before);
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

}  // namespace

Sockets open_sockets(Config& config, std::vector<std::string>& problems) {
  Sockets sockets;
  for (const std::string& text : config.listen) {
    open_address(config, "LISTEN_ADDR", text, sockets.plain, problems);
  }
  bool own = !found(config, "TLS_LISTEN_ADDR").text.empty();
  for (const std::string& text : config.tls_listen) {
    open_address(config, own ? "TLS_LISTEN_ADDR" : "LISTEN_ADDR", text, sockets.tls, problems);
  }
  if (!config.internal_addr.empty()) {
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

void remove_socket_files(const Sockets& sockets) {
  for (const auto* list : {&sockets.plain, &sockets.tls, &sockets.internal, &sockets.control}) {
    for (const net::Listener& listener : *list) {
      if (listener.name.starts_with(kUnix)) ::unlink(listener.name.c_str() + kUnix.size());
    }
  }
}

}  // namespace howdah::app

#include "app/config/inherited.h"

#include <fmt/format.h>

#include "app/config/units.h"

namespace howdah::app {
namespace {

constexpr int kFirstDescriptor = 3;
constexpr uint64_t kMostSockets = 256;

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  for (;;) {
    size_t colon = text.find(':');
    names.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return names;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

std::vector<InheritedSocket> inherited_sockets(
    const std::map<std::string, std::string, std::less<>>& environment, pid_t self,
    std::vector<std::string>& problems) {
  auto pid = environment.find("LISTEN_PID");
  auto count_text = environment.find("LISTEN_FDS");
  if (pid == environment.end() || count_text == environment.end()) return {};
  if (pid->second != std::to_string(self)) return {};
  auto count = parse_integer(count_text->second);
  if (!count || *count > kMostSockets) {
    problems.push_back(fmt::format("LISTEN_FDS={}: not a number of sockets; accepted: 0 to {}",
                                   count_text->second, kMostSockets));
    return {};
  }
  std::vector<InheritedSocket> sockets;
  for (uint64_t i = 0; i < *count; ++i) {
    sockets.push_back({.fd = kFirstDescriptor + static_cast<int>(i), .name = ""});
  }
  auto names_text = environment.find("LISTEN_FDNAMES");
  if (names_text == environment.end() || sockets.empty()) return sockets;
  std::vector<std::string> names = split_names(names_text->second);
  if (names.size() != sockets.size()) {
    problems.push_back(fmt::format("LISTEN_FDNAMES={}: not as many names as LISTEN_FDS={}",
                                   names_text->second, count_text->second));
    return {};
  }
  for (size_t i = 0; i < names.size(); ++i) sockets[i].name = std::move(names[i]);
  return sockets;
}

}  // namespace howdah::app

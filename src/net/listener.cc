#include "net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

namespace howdah::net {
namespace {

using base::ErrorKind;
using base::UniqueFd;

constexpr std::string_view kUnix = "unix:";

std::unexpected<base::Error> invalid(const char* what) {
  return base::fail({ErrorKind::kInvalid, 0, what});
}

template <class T>
bool parse_number(std::string_view text, T& value, int radix = 10) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

base::Result<ListenAddress> parse_unix(std::string_view text) {
  ListenAddress address{.kind = ListenAddress::Kind::kUnix, .host = "", .path = ""};
  size_t query = text.find('?');
  address.path = text.substr(0, query);
  if (address.path.empty() || address.path[0] != '/') return invalid("a unix path begins with /");
  if (address.path.size() >= sizeof(sockaddr_un{}.sun_path))
    return invalid("unix path is too long");
  if (query == std::string_view::npos) return address;
  std::string_view option = text.substr(query + 1);
  if (!option.starts_with("mode=") || !parse_number(option.substr(5), address.mode, 8) ||
      address.mode > 0777) {
    return invalid("the option of a unix address is mode=0660");
  }
  return address;
}

// Accepted sockets inherit it.
void send_small_packets_at_once(int fd) {
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Nobody can connect before listen(). `both` lets an IPv6 wildcard take IPv4 too.
base::Result<UniqueFd> bind_socket(const sockaddr* name, socklen_t size, bool both) {
  UniqueFd fd(::socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return base::fail_errno("socket");
  if (name->sa_family != AF_UNIX) {
    int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    send_small_packets_at_once(fd.get());
  }
  if (name->sa_family == AF_INET6) {
    int only = both ? 0 : 1;
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  }
  if (::bind(fd.get(), name, size) < 0) return base::fail_errno("bind");
  return fd;
}

base::Result<UniqueFd> open_socket(const sockaddr* name, socklen_t size, bool both) {
  auto fd = bind_socket(name, size, both);
  if (fd && ::listen(fd->get(), kBacklog) < 0) return base::fail_errno("listen");
  return fd;
}

bool somebody_listens(const sockaddr_un& name) {
  UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe) return true;
  auto* address = reinterpret_cast<const sockaddr*>(&name);
  return ::connect(probe.get(), address, sizeof name) == 0 || errno != ECONNREFUSED;
}

// `path` fits: parse_unix() has seen to it.
sockaddr_un unix_name(std::string_view path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  return name;
}

// Nothing happens to what is no socket.
void remove_dead_socket(const sockaddr_un& name) {
  struct stat info;
  if (::lstat(name.sun_path, &info) == 0 && S_ISSOCK(info.st_mode) && !somebody_listens(name)) {
    ::unlink(name.sun_path);
  }
}

base::Result<Listener> bind_unix(const ListenAddress& address) {
  sockaddr_un name = unix_name(address.path);
  remove_dead_socket(name);
  auto fd = bind_socket(reinterpret_cast<const sockaddr*>(&name), sizeof name, false);
  if (!fd) return base::fail(fd.error());
  if (::chmod(name.sun_path, address.mode) < 0) return base::fail_errno("chmod");
  if (::listen(fd->get(), kBacklog) < 0) return base::fail_errno("listen");
  return Listener{std::move(*fd), std::string(kUnix) + address.path, true};
}

int socket_option(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(fd, SOL_SOCKET, option, &value, &size);
  return value;
}

// [::] that takes IPv4 as well; 0.0.0.0 on a machine without IPv6.
base::Result<Listener> bind_everywhere(uint16_t port) {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  auto fd = open_socket(reinterpret_cast<sockaddr*>(&six), sizeof six, true);
  if (!fd && (fd.error().sys_errno == EAFNOSUPPORT || fd.error().sys_errno == EADDRNOTAVAIL)) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    fd = open_socket(reinterpret_cast<sockaddr*>(&four), sizeof four, false);
  }
  if (!fd) return base::fail(fd.error());
  std::string text = printable_address(fd->get());
  return Listener{std::move(*fd), std::move(text)};
}

}  // namespace

base::Result<ListenAddress> parse_listen_address(std::string_view text) {
  if (text.starts_with(kUnix)) return parse_unix(text.substr(kUnix.size()));
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid("an address has a port");
  ListenAddress address;
  if (!parse_number(text.substr(colon + 1), address.port)) return invalid("port is 0 to 65535");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) {
    in6_addr six;
    if (!host.ends_with(']')) return invalid("an IPv6 address is written [address]:port");
    address.host = host.substr(1, host.size() - 2);
    if (::inet_pton(AF_INET6, address.host.c_str(), &six) != 1)
      return invalid("not an IPv6 address");
    return address;
  }
  if (host.find_first_of(":[] /") != std::string_view::npos) {
    return invalid("an IPv6 address is written [address]:port");
  }
  address.host = host;
  return address;
}

base::Result<std::vector<Listener>> bind_listeners(const ListenAddress& address) {
  std::vector<Listener> listeners;
  if (address.kind == ListenAddress::Kind::kUnix || address.host.empty()) {
    auto one = address.host.empty() && address.kind == ListenAddress::Kind::kTcp
                   ? bind_everywhere(address.port)
                   : bind_unix(address);
    if (!one) return base::fail(one.error());
    listeners.push_back(std::move(*one));
    return listeners;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) !=
      0) {
    return invalid("the name has no address");
  }
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  for (addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    auto fd = open_socket(entry->ai_addr, entry->ai_addrlen, false);
    // A name such as localhost has an IPv6 address even where IPv6 is switched off.
    bool absent =
        !fd && (fd.error().sys_errno == EAFNOSUPPORT || fd.error().sys_errno == EADDRNOTAVAIL);
    if (absent && (entry->ai_next != nullptr || !listeners.empty())) continue;
    if (!fd) return base::fail(fd.error());
    std::string text = printable_address(fd->get());
    listeners.push_back({std::move(*fd), std::move(text)});
  }
  return listeners;
}

base::Result<Listener> inherit_listener(base::UniqueFd fd) {
  int family = socket_option(fd.get(), SO_DOMAIN);
  bool known = family == AF_INET || family == AF_INET6 || family == AF_UNIX;
  if (!known || socket_option(fd.get(), SO_TYPE) != SOCK_STREAM ||
      socket_option(fd.get(), SO_ACCEPTCONN) != 1) {
    return invalid("not a listening stream socket");
  }
  if (::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) < 0) return base::fail_errno("fcntl");
  if (auto status = base::set_nonblocking(fd.get()); !status) return base::fail(status.error());
  if (family != AF_UNIX) send_small_packets_at_once(fd.get());
  std::string name = printable_address(fd.get());
  return Listener{std::move(fd), std::move(name)};
}

// On the listener, whose connections inherit it: no call for each of them.
void limit_silence(int listener, base::Nanos limit) {
  constexpr base::Nanos kLongest = std::numeric_limits<int>::max() * base::kMillisecond;
  auto milliseconds = static_cast<unsigned>(std::min(limit, kLongest) / base::kMillisecond);
  ::setsockopt(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
}

void remove_socket_file(Listener& listener) {
  listener.fd.reset();
  if (!std::exchange(listener.made_file, false)) return;
  remove_dead_socket(unix_name(std::string_view(listener.name).substr(kUnix.size())));
}

std::string printable_address(int fd) {
  // A byte more than the kernel fills: a path may have no NUL at its end.
  struct {
    sockaddr_storage storage;
    char end;
  } name{};
  sockaddr_storage& storage = name.storage;
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) < 0) return "?";
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    auto& four = reinterpret_cast<sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(four.sin_port));
  }
  if (storage.ss_family == AF_INET6) {
    auto& six = reinterpret_cast<sockaddr_in6&>(storage);
    ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
    return std::string("[") + text + "]:" + std::to_string(ntohs(six.sin6_port));
  }
  return std::string(kUnix) + reinterpret_cast<sockaddr_un&>(storage).sun_path;
}

}  // namespace howdah::net

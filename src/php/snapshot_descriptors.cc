#include "php/snapshot_descriptors.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>

namespace howdah::php {
namespace {

constexpr std::string_view kSqliteMagic{"SQLite format 3\0", 16};

std::vector<int> open_descriptors() {
  std::vector<int> all;
  std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc/self/fd"), ::closedir);
  if (!directory) return all;
  while (const dirent* entry = ::readdir(directory.get())) {
    int fd = -1;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, fd).ptr != end || fd < 0) continue;
    if (fd != ::dirfd(directory.get())) all.push_back(fd);
  }
  std::ranges::sort(all);
  return all;
}

// The link's own path, which opens the same file again even when it has no name any more.
struct ProcPath {
  explicit ProcPath(int fd) { std::snprintf(text, sizeof text, "/proc/self/fd/%d", fd); }
  char text[32];
};

std::string link_of(int fd) {
  char target[1024];
  ssize_t size = ::readlink(ProcPath(fd).text, target, sizeof target);
  return size < 0 ? "?" : std::string(target, static_cast<size_t>(size));
}

std::string address_text(const sockaddr_storage& address, socklen_t size) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(in.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(in.sin6_port));
  }
  if (address.ss_family == AF_UNIX && size > offsetof(sockaddr_un, sun_path)) {
    const auto& un = reinterpret_cast<const sockaddr_un&>(address);
    if (un.sun_path[0] != '\0') return un.sun_path;
  }
  return "";
}

std::string describe_socket(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    std::string peer = address_text(address, size);
    return peer.empty() ? "a socket pair" : "a connection to " + peer;
  }
  address = {};
  size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::string own = address_text(address, size);
  return own.empty() ? "a socket" : "a socket at " + own;
}

std::string describe(int fd, const struct stat& status) {
  if (S_ISSOCK(status.st_mode)) return describe_socket(fd);
  return S_ISFIFO(status.st_mode) ? "a pipe (" + link_of(fd) + ")" : link_of(fd);
}

bool is_sqlite(int fd, const std::string& path) {
  for (std::string_view suffix : {"-wal", "-shm", "-journal"}) {
    std::string_view stem = path;
    if (!stem.ends_with(suffix)) continue;
    stem.remove_suffix(suffix.size());
    if (::access(std::string(stem).c_str(), F_OK) == 0) return true;
  }
  // Another description, since this one may be open for writing alone.
  base::UniqueFd again(::open(ProcPath(fd).text, O_RDONLY | O_CLOEXEC));
  char magic[kSqliteMagic.size()];
  return again && ::pread(again.get(), magic, sizeof magic, 0) == sizeof magic &&
         std::string_view(magic, sizeof magic) == kSqliteMagic;
}

bool is_stderr(const struct stat& status) {
  struct stat own{};
  return ::fstat(STDERR_FILENO, &own) == 0 && own.st_dev == status.st_dev &&
         own.st_ino == status.st_ino;
}

base::UniqueFd make_dead_socket() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return {};
  ::close(pair[1]);
  return base::UniqueFd(pair[0]);
}

}  // namespace

void SnapshotDescriptors::note_own() { own_ = open_descriptors(); }

void SnapshotDescriptors::find(std::string& refusal) {
  found_.clear();
  std::vector<int> now = open_descriptors();
  for (int fd : now) {
    if (!std::ranges::binary_search(own_, fd)) look_at(fd, refusal);
  }
  // A file may turn out to be no longer there to be opened again.
  if (!found_.empty()) dead_ = make_dead_socket();
}

void SnapshotDescriptors::look_at(int fd, std::string& refusal) {
  struct stat status{};
  if (::fstat(fd, &status) < 0) return;
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) return;
  int fd_flags = ::fcntl(fd, F_GETFD);
  Found found{.fd = fd,
              .kind = Kind::kDead,
              .cloexec = fd_flags >= 0 && (fd_flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0};
  if (is_stderr(status)) found.kind = Kind::kOutput;
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) {
    std::string path = link_of(fd);
    if (S_ISREG(status.st_mode) && is_sqlite(fd, path)) refusal = path;
    constexpr int kKept = O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECTORY | O_SYNC | O_DSYNC;
    found.flags = (::fcntl(fd, F_GETFL) & kKept) | O_CLOEXEC;
    found.position = ::lseek(fd, 0, SEEK_CUR);
    base::UniqueFd again(::open(ProcPath(fd).text, found.flags));
    if (again) found.kind = Kind::kFile;
  }
  if (found.kind == Kind::kDead) {
    std::fprintf(stderr,
                 "snapshot mode: descriptor %d, opened before the first request, is dead in "
                 "requests: %s\n",
                 fd, describe(fd, status).c_str());
  }
  found_.push_back(found);
}

void SnapshotDescriptors::cure() const {
  for (const Found& each : found_) {
    if (each.kind == Kind::kOutput) continue;
    if (each.kind == Kind::kFile) {
      base::UniqueFd again(::open(ProcPath(each.fd).text, each.flags));
      if (again) {
        if (each.position > 0) ::lseek(again.get(), each.position, SEEK_SET);
        ::dup3(again.get(), each.fd, each.cloexec);
        continue;
      }
    }
    ::dup3(dead_.get(), each.fd, each.cloexec);
  }
}

void SnapshotDescriptors::lead_output() const {
  for (const Found& each : found_) {
    if (each.kind == Kind::kOutput) ::dup3(STDERR_FILENO, each.fd, each.cloexec);
  }
}

}  // namespace howdah::php

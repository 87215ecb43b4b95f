#include "php/opcache_lock.h"

#include <fcntl.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace howdah::php {
namespace {

// The byte that OPcache locks for this (mem_usage_lock in PHP's source).
constexpr off_t kUsageByte = 1;

// "lock:	1: POSIX  ADVISORY  READ  4711 00:01:23 1 1": of which process, the kernel says by
// showing it only to its own.
bool is_usage_lock(const std::string& line) {
  return line.starts_with("lock:") && line.find("POSIX") != line.npos &&
         line.find("READ") != line.npos && line.ends_with(" 1 1");
}

}  // namespace

int find_opcache_lock() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo", error)) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      if (is_usage_lock(line)) return std::stoi(entry.path().filename());
    }
  }
  return -1;
}

void take_opcache_lock(int fd) {
  if (fd < 0) return;
  struct flock lock{};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kUsageByte;
  lock.l_len = 1;
  ::fcntl(fd, F_SETLK, &lock);
}

}  // namespace howdah::php

#pragma once

// For tests of log sinks: pipes that are read or not, and a disk that becomes full.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace howdah::base {

template <class Condition>
bool wait_until(Condition condition) {
  auto by = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > by) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  if (!text.empty() && text.back() != '\n') lines.back() += " (half a line)";
  return lines;
}

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe(ends) == 0) read_end.reset(ends[0]), write_end.reset(ends[1]);
  }
  size_t waiting() const {
    int bytes = 0;
    ::ioctl(read_end.get(), FIONREAD, &bytes);
    return static_cast<size_t>(bytes);
  }
  UniqueFd read_end, write_end;
};

// Reads a descriptor on a thread of its own.
class Reader {
 public:
  explicit Reader(int fd) : thread_([this, fd] { read(fd); }) {}
  ~Reader() {
    stopping_ = true;
    thread_.join();
  }
  std::string text() const {
    std::lock_guard lock(mutex_);
    return text_;
  }
  bool has(std::string_view part) const {
    std::lock_guard lock(mutex_);
    return text_.find(part) != std::string::npos;
  }

 private:
  void read(int fd) {
    std::string piece(64 << 10, '\0');
    while (!stopping_) {
      pollfd waiting{fd, POLLIN, 0};
      if (::poll(&waiting, 1, 10) <= 0) continue;
      ssize_t size = ::read(fd, piece.data(), piece.size());
      if (size <= 0) return;
      std::lock_guard lock(mutex_);
      text_.append(piece, 0, static_cast<size_t>(size));
    }
  }
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::string text_;
  std::thread thread_;
};

// A file on a disk that takes only so many bytes a file, until there is more room. (SIGXFSZ is
// ignored by these tests.)
class FullDisk {
 public:
  FullDisk(rlim_t bytes, int flags) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    fd_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | flags, 0600));
    rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    make_room();
    ::unlink(path_.c_str());
  }
  void make_room() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  int fd() const { return fd_.get(); }
  std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  const std::string path_ = testing::TempDir() + "log_fixture_" + std::to_string(::getpid());
  rlimit before_;
  UniqueFd fd_;
};

}  // namespace howdah::base

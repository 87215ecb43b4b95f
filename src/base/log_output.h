#pragma once

// A descriptor that log lines are written to: a file, a pipe, a terminal, a socket.
//
// Several processes write to the same one (the parent, the front), and a disk may become full in
// the middle of a line. Lines stay whole for all that: a file and a pipe take them in one piece,
// and what a full disk took of a line is taken back.

#include <cstddef>
#include <string_view>

#include "base/fd.h"

namespace howdah::base {

// Not thread-safe. Keeps nothing about the descriptor: it may become another one by dup2().
class LogOutput {
 public:
  // What every pipe takes in one piece (PIPE_BUF), and one that poll() calls writable at once.
  static constexpr size_t kPipeBytes = 4096;
  // Of lines that go to a file in one piece.
  static constexpr size_t kFileBytes = 64 << 10;

  // `fd` is borrowed and outlives this. It may be a blocking one.
  explicit LogOutput(int fd) : fd_(fd) {}
  int fd() const { return fd_; }

  // Whether write_some() has something to say: there is room, or an error.
  bool wait_for_room(int timeout_ms) const;
  // Writes some of `lines`, as many of them as go in one piece. The last ends with a newline; the
  // first may be the rest of a line. Returns how many bytes of them are written, 0 when there is no
  // room now. A line is divided only where that cannot be avoided: one that is longer than a pipe,
  // and on terminals and sockets one of more than kPipeBytes.
  Result<size_t> write_some(std::string_view lines) const;

 private:
  const int fd_;
};

}  // namespace howdah::base

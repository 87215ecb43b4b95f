#pragma once

// Reads what workers write to stderr, line by line.

#include <string>
#include <string_view>

#include "base/fd.h"

namespace howdah::php {

// The read end of a pipe. Lines are at most kMaxLine long; longer ones are cut into several. One
// read_some() takes a bounded amount, so that one noisy worker does not keep the host from the
// others. Never waits: a pipe may stay open in grandchildren for ever.
class LinePipe {
 public:
  static constexpr size_t kMaxLine = 8000;
  static constexpr size_t kReadBytes = 64 << 10;

  LinePipe() = default;
  explicit LinePipe(base::UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  // Calls `take(line)` for each whole line there is. False at the end of the pipe.
  template <class Take>
  bool read_some(Take take) {
    bool open = fill();
    size_t begin = 0;
    for (size_t newline; (newline = pending_.find('\n', begin)) != pending_.npos;) {
      take_cut(std::string_view(pending_).substr(begin, newline - begin), take);
      begin = newline + 1;
    }
    pending_.erase(0, begin);
    while (pending_.size() >= kMaxLine) {
      take(std::string_view(pending_).substr(0, kMaxLine));
      pending_.erase(0, kMaxLine);
    }
    return open;
  }
  // The writer is gone: what is left, the last line without a newline included.
  template <class Take>
  void drain(Take take) {
    read_some(take);
    if (!pending_.empty()) take(std::string_view(pending_));
    pending_.clear();
  }

 private:
  template <class Take>
  static void take_cut(std::string_view line, Take& take) {
    for (; line.size() > kMaxLine; line.remove_prefix(kMaxLine)) take(line.substr(0, kMaxLine));
    if (!line.empty()) take(line);
  }
  bool fill();

  base::UniqueFd fd_;
  std::string pending_;
};

}  // namespace howdah::php

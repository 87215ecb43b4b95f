#pragma once

// What the watching process tells the parent, over a SOCK_SEQPACKET pair.

#include <string>

#include "app/watch/watch_plan.h"
#include "base/result.h"

namespace howdah::app {

struct WatchReport {
  enum class Kind : uint32_t {
    kChanged,  // `text` is the first file
    kNotice,   // for the log: how the files are watched
  };
  Kind kind = Kind::kNotice;
  Change change = Change::kNone;
  uint64_t sets = 0;
  uint32_t files = 0;
  std::string text;
};

// Longer texts are cut.
inline constexpr size_t kLongestWatchText = 4 << 10;

base::Status send_report(int socket, const WatchReport& report);
// kClosed when the other end is gone; EAGAIN on a non-blocking socket with nothing to read.
base::Result<WatchReport> receive_report(int socket);

}  // namespace howdah::app

#pragma once

// The process that watches files, as the parent holds it.
//
// It is a process of its own because the parent must never wait for a file system, and because only
// RUN_AS surely may read what PHP reads. A fork of the parent without exec: it has one thread,
// parses nothing, and holds nothing but its end of the socket.

#include <sys/types.h>

#include <optional>

#include "app/config/config.h"
#include "app/parent/process_title.h"
#include "app/watch/watch_plan.h"
#include "app/watch/watch_report.h"
#include "base/fd.h"

namespace howdah::app {

// Lives in the parent. The process ends by stop(), or with the parent.
class WatchProcess {
 public:
  // Forks it; it becomes `identity`.
  static base::Result<WatchProcess> start(const WatchPlan& plan,
                                          const std::optional<Identity>& identity,
                                          ProcessTitle& title);

  pid_t pid() const { return pid_; }  // 0 = none
  // Readable when receive() has something; -1 = none.
  int fd() const { return socket_.get(); }
  // The parent reaps it.
  void stop();
  // Of a process that was forked from the parent and has nothing to do with this one.
  void close() { socket_.reset(); }
  // The next report; nothing when there is none yet or never will be.
  std::optional<WatchReport> receive();

 private:
  pid_t pid_ = 0;
  base::UniqueFd socket_;
};

}  // namespace howdah::app

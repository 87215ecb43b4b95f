#pragma once

// The process that exports spans, as the parent holds it (README.md says why it is one).

#include <sys/types.h>

#include "app/config/config.h"
#include "app/parent/process_title.h"
#include "base/fd.h"
#include "base/shared_counter.h"
#include "ops/span_rings.h"

namespace howdah::app {

// Lives in the parent, which reaps the process. It ends by finish(), stop(), or with the parent.
class ExportProcess {
 public:
  // Forks it; it becomes FRONT_USER. `log_fd` is where its log goes, `lost_lines` counts what
  // could not be written there.
  static base::Result<ExportProcess> start(const Config& config, ops::SpanRings& rings, int log_fd,
                                           base::SharedCounter& lost_lines, ProcessTitle& title);

  pid_t pid() const { return pid_; }  // 0 = none
  void use_log(int fd);
  // Sends what is left, within kFlushLimit of export_loop.h.
  void finish();
  // At once.
  void stop();
  // It has been reaped.
  void forget();
  // Of a process that was forked from the parent and has nothing to do with this one.
  void close() { socket_.reset(); }

 private:
  pid_t pid_ = 0;
  base::UniqueFd socket_;
};

}  // namespace howdah::app

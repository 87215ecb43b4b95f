#pragma once

// The front: the process that holds the sockets and runs no PHP.
//
// front_main() is its whole life. It is called in a child the parent has forked without exec, so
// what the parent has opened and read is at hand; it gives up the parent's rights first.

#include <sys/types.h>

#include "app/config/config.h"
#include "app/parent/sockets.h"
#include "base/fd.h"
#include "base/shared_counter.h"
#include "ops/span_rings.h"

namespace howdah::app {

struct FrontStart {
  const Config& config;
  Sockets& sockets;
  base::UniqueFd link;  // our end of the pair with the parent
  base::UniqueFd tls;   // certificates and keys (tls_packet.h); empty = none
  int log_fd = -1;
  const base::SharedCounter& lost_lines;  // of the log, by the other processes
  ops::SpanRings* spans = nullptr;        // where sampled requests go; null = no tracing
  pid_t parent_pid = 0;
};

// Returns the exit status of the process: 0 after a drain.
int front_main(FrontStart start);

}  // namespace howdah::app

#pragma once

// All that a server tells about itself, taken at about one time. The metrics, /workers, the live
// page with its feed and `howdah status` are made of this and of nothing else, so that they cannot
// disagree.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "ops/machine.h"
#include "ops/metrics.h"
#include "ops/rate_window.h"
#include "ops/recent.h"
#include "pool/script_stack.h"
#include "pool/status.h"
#include "serve/rate_store.h"

namespace howdah::ops {

enum class Phase {
  kStarting,  // no worker has been ready yet
  kServing,
  kDraining,  // accepts nothing more
};

std::string_view name_of(Phase phase);
std::string_view name_of(pool::WorkerPhase phase);

struct WorkerSnapshot {
  pool::WorkerStatus status;
  uint64_t memory = 0;  // of its process (base::own_memory)
};

struct Snapshot {
  base::Nanos taken = 0;  // wall clock
  base::Nanos uptime = 0;
  Phase phase = Phase::kStarting;
  Totals totals;
  Rates rates;
  Latency latency;
  std::vector<pool::PoolStatus> pools;
  pool::PoolStatus pool;  // their sum
  std::vector<WorkerSnapshot> workers;
  std::vector<RecentRequest> failed, slow;  // newest first
  MachineStatus machine;
  uint64_t spool_bytes = 0;
  uint64_t log_lines_dropped = 0;
  std::optional<serve::RateStoreStatus> rate_store;  // of RATE_LIMIT_STORE; nothing: there is none
  SpanCounts spans;
};

// Workers with the memory of their processes, each looked up once.
std::vector<WorkerSnapshot> with_memory(std::vector<pool::WorkerStatus> workers);

// One JSON object on one line: what /events sends and `howdah status --json` prints.
std::string snapshot_json(const Snapshot& snapshot);
// {"workers": [...]}, as in the above.
// With `stacks` each has members for where its script is, null when that is not known.
std::string workers_json(const std::vector<WorkerSnapshot>& workers,
                         const std::vector<pool::WorkerStack>* stacks = nullptr);

}  // namespace howdah::ops

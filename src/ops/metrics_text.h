#pragma once

// The metrics in Prometheus' text format, under the names of the contract's section 7.

#include <string>
#include <vector>

#include "base/clock.h"
#include "ops/machine.h"
#include "ops/metrics.h"
#include "pool/status.h"

namespace howdah::ops {

struct WorkerMemory {
  std::string pool;
  uint32_t worker = 0;
  uint64_t bytes = 0;
};

// All that is shown, taken at one time.
struct MetricsSnapshot {
  Totals totals;
  pool::PoolStatus pool;           // the sum of all
  std::vector<std::string> pools;  // their names
  std::vector<pool::WorkerStatus> workers;
  std::vector<WorkerMemory> memory;
  MachineStatus machine;
  uint64_t log_lines_dropped = 0;
  base::Nanos uptime = 0;
};

std::string metrics_text(const MetricsSnapshot& snapshot);

std::string_view name_of(pool::WorkerPhase phase);

}  // namespace howdah::ops

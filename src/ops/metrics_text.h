#pragma once

// The metrics in Prometheus' text format, under the names of the contract's section 7.

#include <string>

#include "ops/snapshot.h"

namespace howdah::ops {

std::string metrics_text(const Snapshot& snapshot);

}  // namespace howdah::ops

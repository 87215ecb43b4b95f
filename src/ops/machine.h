#pragma once

// What the kernel says about the machine, for the metrics.

#include <cstdint>
#include <string_view>

namespace howdah::ops {

struct MachineStatus {
  double load[3] = {0, 0, 0};  // of 1, 5 and 15 minutes
  uint64_t memory_total = 0;   // bytes
  uint64_t memory_available = 0;
};
// From /proc. What cannot be read stays 0.
MachineStatus machine_status();

// MemTotal and MemAvailable of a /proc/meminfo.
void parse_meminfo(std::string_view text, MachineStatus& status);

}  // namespace howdah::ops

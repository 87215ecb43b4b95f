#pragma once

// How many CPUs this process may use: what PHP_WORKERS=0 and FRONT_THREADS=0 go by.

#include <cstdint>
#include <optional>
#include <string_view>

namespace howdah::app {

// The smaller of the scheduling affinity and the quotas of the cgroups this process is in, rounded
// up; at least 1.
uint32_t usable_cpus();

// CPUs of one cgroup v2 `cpu.max` ("150000 100000" = 2); nothing for "max" or anything else.
std::optional<uint32_t> cpus_of_quota(std::string_view cpu_max);

}  // namespace howdah::app

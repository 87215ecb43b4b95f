#include "app/config/cpus.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "app/config/units.h"

namespace howdah::app {
namespace {

constexpr int kMostCpus = 4096;

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

uint32_t affinity_cpus() {
  cpu_set_t* set = CPU_ALLOC(kMostCpus);
  size_t size = CPU_ALLOC_SIZE(kMostCpus);
  int count = 0;
  if (set != nullptr && ::sched_getaffinity(0, size, set) == 0) count = CPU_COUNT_S(size, set);
  CPU_FREE(set);
  if (count <= 0) count = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  return static_cast<uint32_t>(std::max(count, 1));
}

// The path of this process below the mount of a hierarchy: "0::/a/b" (v2), "4:cpu,cpuacct:/a" (v1).
std::string own_cgroup(std::string_view controller) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    size_t first = line.find(':');
    size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    std::string wanted = "," + std::string(controller) + ",";
    if (controller.empty() ? names == ",," : names.find(wanted) != std::string::npos) {
      return line.substr(second + 1);
    }
  }
  return "";
}

std::optional<uint32_t> quota_at(const std::string& directory) {
  if (auto v2 = cpus_of_quota(read_file(directory + "/cpu.max"))) return v2;
  std::string quota = read_file(directory + "/cpu.cfs_quota_us");
  return cpus_of_quota(quota + " " + read_file(directory + "/cpu.cfs_period_us"));
}

// A limit may stand at any level above the process.
uint32_t smallest_quota(const std::string& mount, std::string path, uint32_t smallest) {
  for (;;) {
    if (path == "/") path.clear();
    if (auto cpus = quota_at(mount + path)) smallest = std::min(smallest, *cpus);
    if (path.empty()) return smallest;
    path.resize(std::min(path.rfind('/'), path.size()));
  }
}

}  // namespace

uint32_t usable_cpus() {
  uint32_t cpus = affinity_cpus();
  cpus = smallest_quota("/sys/fs/cgroup", own_cgroup(""), cpus);
  return smallest_quota("/sys/fs/cgroup/cpu", own_cgroup("cpu"), cpus);
}

std::optional<uint32_t> cpus_of_quota(std::string_view cpu_max) {
  size_t space = cpu_max.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  auto quota = parse_integer(cpu_max.substr(0, space));
  auto period = parse_integer(cpu_max.substr(space + 1));
  if (!quota || !period || *quota == 0 || *period == 0) return std::nullopt;
  return static_cast<uint32_t>(std::min<uint64_t>((*quota + *period - 1) / *period, kMostCpus));
}

}  // namespace howdah::app

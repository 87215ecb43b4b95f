#include "ops/machine.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>
#include <tuple>

namespace howdah::ops {
namespace {

constexpr uint64_t kKibibyte = 1024;

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The number after `name` in lines of "Name:   123 kB".
uint64_t kilobytes_after(std::string_view text, std::string_view name) {
  size_t start = text.find(name);
  if (start == std::string_view::npos) return 0;
  text.remove_prefix(start + name.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  uint64_t value = 0;
  std::ignore = std::from_chars(text.data(), text.data() + text.size(), value);
  return value * kKibibyte;
}

}  // namespace

void parse_meminfo(std::string_view text, MachineStatus& status) {
  status.memory_total = kilobytes_after(text, "MemTotal:");
  status.memory_available = kilobytes_after(text, "MemAvailable:");
}

MachineStatus machine_status() {
  MachineStatus status;
  if (::getloadavg(status.load, 3) < 0) std::fill_n(status.load, 3, 0.0);
  parse_meminfo(read_file("/proc/meminfo"), status);
  return status;
}

}  // namespace howdah::ops

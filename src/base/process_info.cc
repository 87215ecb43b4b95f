#include "base/process_info.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string_view>

#include "base/fd.h"

namespace howdah::base {
namespace {

// The first bytes of a file, as a string; empty when it cannot be read.
class FileHead {
 public:
  explicit FileHead(const char* path) {
    UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
    if (file) size_ = ::read(file.get(), bytes_, sizeof bytes_ - 1);
    bytes_[size_ > 0 ? size_ : 0] = '\0';
  }
  const char* text() const { return bytes_; }

 private:
  char bytes_[512];
  ssize_t size_ = 0;
};

// A `stat` file: "pid (name) state ...". The name may hold anything.
bool is_runnable(const char* path) {
  FileHead head(path);
  std::string_view text = head.text();
  size_t name_end = text.rfind(')');
  return name_end != text.npos && text.substr(name_end).starts_with(") R");
}

}  // namespace

uint64_t own_memory(int pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/statm", pid);
  FileHead head(path);
  uint64_t size = 0, resident = 0, shared = 0;
  // In pages. What is shared is of files and of shared memory.
  int found =
      std::sscanf(head.text(), "%" SCNu64 " %" SCNu64 " %" SCNu64, &size, &resident, &shared);
  if (found != 3 || resident < shared) return 0;
  return (resident - shared) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool wants_cpu(int pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  return is_runnable(path);
}

uint32_t threads_that_want_cpu(int pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/task", pid);
  std::unique_ptr<DIR, int (*)(DIR*)> tasks(::opendir(path), ::closedir);
  uint32_t count = 0;
  while (tasks) {
    const dirent* task = ::readdir(tasks.get());
    if (task == nullptr) break;
    if (task->d_name[0] == '.') continue;
    char stat[sizeof path + sizeof task->d_name + 8];
    std::snprintf(stat, sizeof stat, "%s/%s/stat", path, task->d_name);
    if (is_runnable(stat)) ++count;
  }
  return count;
}

}  // namespace howdah::base

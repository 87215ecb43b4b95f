#include "base/shared_counter.h"

#include <sys/mman.h>

#include <new>

namespace howdah::base {
namespace {

using Value = std::atomic<uint64_t>;

}  // namespace

Result<SharedCounter> SharedCounter::create() {
  void* memory =
      ::mmap(nullptr, sizeof(Value), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("mmap");
  return SharedCounter(new (memory) Value(0));
}

SharedCounter::~SharedCounter() {
  if (value_ != nullptr) ::munmap(value_, sizeof(Value));
}

}  // namespace howdah::base

#include "channel/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace howdah::channel {

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

base::Result<RingMapping> RingMapping::map(int fd, size_t offset, size_t size) {
  void* reserved = ::mmap(nullptr, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (reserved == MAP_FAILED) return base::fail_errno("mmap of a ring");
  RingMapping ring;
  ring.mapping_ = Mapping(reserved, 2 * size);
  for (size_t copy = 0; copy < 2; ++copy) {
    void* at = static_cast<char*>(reserved) + copy * size;
    if (::mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
               static_cast<off_t>(offset)) == MAP_FAILED) {
      return base::fail_errno("mmap of a ring");
    }
  }
  return ring;
}

base::Result<base::UniqueFd> make_region(const char* name, size_t size) {
  base::UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return base::fail_errno("memfd_create");
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) < 0) return base::fail_errno("ftruncate");
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
    return base::fail_errno("seal of a shared region");
  }
  return fd;
}

namespace {

base::Result<size_t> size_of(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) < 0) return base::fail_errno("fstat");
  return static_cast<size_t>(info.st_size);
}

base::Result<Mapping> map(int fd, size_t size, Access access) {
  int protection = access == Access::kReadOnly ? PROT_READ : PROT_READ | PROT_WRITE;
  void* data = ::mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return base::fail_errno("mmap of a shared region");
  return Mapping(data, size);
}

}  // namespace

base::Result<Mapping> map_region(int fd, size_t size, Access access) {
  auto actual = size_of(fd);
  if (!actual) return base::fail(actual.error());
  if (*actual != size) {
    return base::fail({base::ErrorKind::kProtocol, 0, "shared region has another size"});
  }
  return map(fd, size, access);
}

base::Result<Mapping> map_region_prefix(int fd, size_t size, Access access) {
  auto actual = size_of(fd);
  if (!actual) return base::fail(actual.error());
  if (*actual < size) {
    return base::fail({base::ErrorKind::kProtocol, 0, "shared region is too small"});
  }
  return map(fd, size, access);
}

base::Status seal_future_writes(int fd) {
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) < 0) {
    return base::fail_errno("seal against writes");
  }
  return {};
}

base::Status seal_for_good(int fd) {
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) < 0) return base::fail_errno("seal");
  return {};
}

}  // namespace howdah::channel

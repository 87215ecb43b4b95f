#include "serve/test_disk.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace howdah::serve {

TestDisk test_disk;

}  // namespace howdah::serve

extern "C" ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  howdah::serve::test_disk.pass();
  return ::syscall(SYS_pwrite64, fd, bytes, size, offset);
}

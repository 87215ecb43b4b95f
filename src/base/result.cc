#include "base/result.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace howdah::base {

std::string Error::message() const {
  std::string text = context;
  if (sys_errno != 0) {
    text += ": ";
    text += std::strerror(sys_errno);
  }
  return text;
}

void die(const char* context, int sys_errno) {
  std::fprintf(stderr, "howdah: %s: %s\n", context, std::strerror(sys_errno));
  std::abort();
}

}  // namespace howdah::base

#include "php/line_pipe.h"

#include <unistd.h>

namespace howdah::php {

bool LinePipe::fill() {
  if (!fd_) return false;
  char bytes[kReadBytes];
  ssize_t got = base::retry_eintr([&] { return ::read(fd_.get(), bytes, sizeof bytes); });
  if (got < 0) return errno == EAGAIN;
  pending_.append(bytes, static_cast<size_t>(got));
  return got > 0;
}

}  // namespace howdah::php

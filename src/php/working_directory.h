#pragma once

// The current directory of a worker process: each request begins in its script's.

#include <climits>

#include "base/clock.h"
#include "base/fd.h"

namespace howdah::php {

// Keeps the directory of the last request open: to return to it costs a quarter of finding it by
// name. Looks it up again once a second, so that a directory put in its place is seen. One for each
// process; of no use to threads, which share one current directory.
class WorkingDirectory {
 public:
  // Enters the directory of the file `path`. When that fails the current one stays, as with PHP's
  // own way.
  void enter_that_of(const char* path);

 private:
  bool look_up(const char* path, size_t size);

  char name_[PATH_MAX] = {};
  size_t name_size_ = 0;
  base::UniqueFd directory_;
  base::Nanos looked_up_at_ = 0;
};

}  // namespace howdah::php

#pragma once

// A request's body while it arrives: in memory while it is small, in the spool from then on.

#include <string_view>

#include "base/buffer.h"
#include "serve/spool.h"

namespace howdah::serve {

// Reused from exchange to exchange.
class RequestBody {
 public:
  explicit RequestBody(Spool& spool) : file_(spool) {}

  // Fails when the spool does.
  base::Status append(std::string_view bytes);
  // Moves what is in memory into the file.
  base::Status spill();
  // No more follows: makes the body readable by others.
  base::Status finish();
  void reset();

  uint64_t size() const { return size_; }
  // After finish(): all of the body, or nothing when it lies in a file. Before it: the part that
  // lies in memory.
  std::string_view memory() const { return memory_.view(); }
  // The file with the body, read only; -1 when it lies in memory.
  int fd() const { return read_only_.get(); }

 private:
  base::Status write_memory();

  base::Buffer memory_;
  SpoolFile file_;
  base::UniqueFd read_only_;
  uint64_t size_ = 0;
};

}  // namespace howdah::serve

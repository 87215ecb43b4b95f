#include "serve/request_body.h"

#include "channel/limits.h"
#include "serve/limits.h"

namespace howdah::serve {

base::Status RequestBody::append(std::string_view bytes) {
  size_ += bytes.size();
  if (memory_.size() + bytes.size() <= channel::kInlineBodyBytes) {
    memory_.append(bytes);
    return {};
  }
  // Beside a file the memory gathers what is written next, so that a body in small pieces does not
  // cost a write for each.
  if (auto moved = write_memory(); !moved) return moved;
  if (bytes.size() >= channel::kInlineBodyBytes / 2) return file_.append(bytes);
  memory_.append(bytes);
  return {};
}

base::Status RequestBody::write_memory() {
  if (memory_.empty()) return {};
  auto written = file_.append(memory_.view());
  memory_.clear();
  return written;
}

base::Status RequestBody::spill() {
  auto written = write_memory();
  memory_.release();
  return written;
}

base::Status RequestBody::finish() {
  if (file_.size() == 0) return {};
  if (auto written = write_memory(); !written) return written;
  auto fd = file_.reopen_read_only();
  if (!fd) return base::fail(fd.error());
  read_only_ = std::move(*fd);
  return {};
}

void RequestBody::reset() {
  memory_.clear();
  if (memory_.capacity() > kKeptBytes) memory_.release();
  if (file_.fd() >= 0) file_.reset();
  read_only_.reset();
  size_ = 0;
}

}  // namespace howdah::serve

#include "serve/request_body.h"

#include "channel/limits.h"
#include "serve/limits.h"

namespace howdah::serve {

base::Status RequestBody::append(std::string_view bytes) {
  if (file_.size() == 0 && size_ + bytes.size() <= channel::kInlineBodyBytes) {
    memory_.append(bytes);
    size_ += bytes.size();
    return {};
  }
  if (!memory_.empty()) {
    if (auto moved = file_.append(memory_.view()); !moved) return moved;
    memory_.clear();
  }
  if (auto written = file_.append(bytes); !written) return written;
  size_ += bytes.size();
  return {};
}

base::Status RequestBody::finish() {
  if (file_.size() == 0) return {};
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

#include "serve/output_queue.h"

#include <unistd.h>

#include <algorithm>

#include "serve/limits.h"

namespace howdah::serve {

base::Status OutputQueue::append(std::string_view bytes, size_t limit) {
  if (!tail_.empty()) {
    tail_.append(bytes);
    return {};
  }
  if (file_.size() == 0) {
    size_t room = limit > memory_.size() ? limit - memory_.size() : 0;
    size_t kept = std::min(room, bytes.size());
    memory_.append(bytes.substr(0, kept));
    bytes.remove_prefix(kept);
  }
  if (bytes.empty()) return {};
  auto spooled = file_.append(bytes);
  if (!spooled) tail_.append(bytes);
  return spooled;
}

base::Result<std::string_view> OutputQueue::front() {
  if (!memory_.empty()) return memory_.view();
  if (file_.size() == 0) {
    std::swap(memory_, tail_);
    tail_.clear();
    return memory_.view();
  }
  size_t wanted = static_cast<size_t>(std::min<uint64_t>(file_.size() - file_taken_, kOutputLow));
  ssize_t got = base::retry_eintr([&] {
    return ::pread(file_.fd(), memory_.prepare(wanted).data(), wanted,
                   static_cast<off_t>(file_taken_));
  });
  if (got <= 0) return base::fail_errno("spool");
  memory_.commit(static_cast<size_t>(got));
  file_taken_ += static_cast<uint64_t>(got);
  if (file_taken_ == file_.size()) {
    file_.reset();
    file_taken_ = 0;
  }
  return memory_.view();
}

void OutputQueue::reset() {
  memory_.release();
  tail_.release();
  if (file_.fd() >= 0) file_.reset();
  file_taken_ = 0;
}

}  // namespace howdah::serve

#include "serve/output_queue.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "serve/limits.h"

namespace howdah::serve {

OutputQueue::OutputQueue(Spool& spool, net::EventLoop& loop,
                         std::function<void(const base::Status&)> on_spooled)
    : spool_(spool), loop_(loop), on_spooled_(std::move(on_spooled)) {}

void OutputQueue::append(std::string_view bytes, size_t limit) {
  if (!has_file()) {
    size_t room = limit > memory_.size() ? limit - memory_.size() : 0;
    size_t kept = std::min(room, bytes.size());
    memory_.append(bytes.substr(0, kept));
    bytes.remove_prefix(kept);
  }
  if (bytes.empty()) return;
  if (!has_file()) file_ = std::make_shared<SpoolFile>(spool_);
  tail_.append(bytes);
  write_tail();
}

void OutputQueue::write_tail() {
  if (write_ || failed_ || tail_.empty()) return;
  write_ = std::make_shared<SpoolWrite>(
      SpoolWrite{.file = file_, .block = std::move(tail_), .loop = loop_, .waiter = this});
  block_taken_ = false;
  spool_.write_later(write_);
}

bool OutputQueue::is_behind() const { return is_writing() && tail_.size() >= kOutputHigh; }

void OutputQueue::on_written(const base::Status& outcome) {
  base::Buffer block = std::move(write_->block);
  write_.reset();
  if (outcome) {
    file_size_ += block.size();
    if (block_taken_) file_taken_ = file_size_;
  } else {
    failed_ = true;
    if (!block_taken_) {
      block.append(tail_.view());
      tail_ = std::move(block);
    }
  }
  leave_file();
  write_tail();
  on_spooled_(outcome);
}

base::Result<std::string_view> OutputQueue::front() {
  if (!memory_.empty()) return memory_.view();
  if (in_file() > 0) {
    if (auto read = read_file(); !read) return base::fail(read.error());
    leave_file();
  } else if (in_block() > 0) {
    memory_.append(write_->block.view());
    block_taken_ = true;
  } else {
    std::swap(memory_, tail_);
    tail_.clear();
  }
  return memory_.view();
}

base::Status OutputQueue::read_file() {
  size_t wanted = static_cast<size_t>(std::min<uint64_t>(in_file(), kOutputLow));
  ssize_t got = base::retry_eintr([&] {
    return ::pread(file_->fd(), memory_.prepare(wanted).data(), wanted,
                   static_cast<off_t>(file_taken_));
  });
  if (got <= 0) return base::fail_errno("spool");
  memory_.commit(static_cast<size_t>(got));
  file_taken_ += static_cast<uint64_t>(got);
  return {};
}

void OutputQueue::consume(size_t size) {
  memory_.consume(size);
  if (empty()) drop_file();
}

// A client that has caught up with the file gives its space back before the answer's end. What has
// gathered meanwhile stays in memory, or begins another file.
void OutputQueue::leave_file() {
  if (in_file() > 0 || write_) return;
  file_size_ = file_taken_ = 0;
  if (failed_ || memory_.size() + tail_.size() > kOutputHigh) {
    file_ = std::make_shared<SpoolFile>(spool_);
  } else {
    file_.reset();
    memory_.append(tail_.view());
    tail_.clear();
  }
}

void OutputQueue::drop_file() {
  if (write_) write_->waiter = nullptr;
  write_.reset();
  file_.reset();
  file_size_ = file_taken_ = 0;
  failed_ = false;
}

void OutputQueue::reset() {
  memory_.release();
  tail_.release();
  drop_file();
}

}  // namespace howdah::serve

#pragma once

// Bytes on their way to a client who has not taken them yet: memory first, then the spool.

#include <functional>
#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "serve/spool.h"

namespace howdah::serve {

// First in, first out. Up to a limit everything lies in memory. What comes on top goes to a file,
// and from then on everything does until the client has caught up. The spool's thread writes it a
// block at a time; what comes meanwhile gathers for the next block:
//
//   front() <- memory_ <- file_ <- write_->block <- tail_ <- append()
//
// Empty, the queue holds no memory after reset().
class OutputQueue final : private SpoolWaiter {
 public:
  // `on_spooled` is called on the loop, never from inside a call to the queue, when a block has
  // been written. When it could not be, everything stays in memory until the queue is empty; the
  // source should give no more than it must.
  OutputQueue(Spool& spool, net::EventLoop& loop,
              std::function<void(const base::Status& outcome)> on_spooled);
  OutputQueue(const OutputQueue&) = delete;
  OutputQueue& operator=(const OutputQueue&) = delete;
  ~OutputQueue() override { reset(); }

  uint64_t size() const { return memory_.size() + in_file() + in_block() + tail_.size(); }
  bool empty() const { return size() == 0; }
  // What the queue keeps in memory, twice what is both being written and on its way to the client.
  size_t in_memory() const {
    return memory_.size() + (write_ ? write_->block.size() : 0) + tail_.size();
  }

  // Whether front() takes nothing from the file, and leaves memory where it is.
  bool has_front() const { return !memory_.empty(); }

  // Keeps the bytes in memory up to `limit`, in the spool beyond it.
  void append(std::string_view bytes, size_t limit);
  // The oldest bytes: read into memory when they lie in the file. Empty only when the queue is.
  base::Result<std::string_view> front();
  // The first `size` bytes of front() are done with.
  void consume(size_t size);

  // More than memory was meant for has been appended, and the client has not caught up.
  bool has_file() const { return file_ != nullptr; }
  // A block is being written: on_spooled() follows, unless the client has taken everything before.
  bool is_writing() const { return write_ != nullptr; }
  // So much waits behind that block that the source should wait, too.
  bool is_behind() const;
  // See on_spooled.
  bool spool_failed() const { return failed_; }

  // Drops everything and gives memory, file and account back.
  void reset();

 private:
  void on_written(const base::Status& outcome) override;
  uint64_t in_file() const { return file_size_ - file_taken_; }
  size_t in_block() const { return write_ && !block_taken_ ? write_->block.size() : 0; }
  void write_tail();
  base::Status read_file();
  void leave_file();
  void drop_file();

  Spool& spool_;
  net::EventLoop& loop_;
  const std::function<void(const base::Status&)> on_spooled_;
  base::Buffer memory_;
  std::shared_ptr<SpoolFile> file_;
  uint64_t file_size_ = 0;             // written by now
  uint64_t file_taken_ = 0;            // of it
  std::shared_ptr<SpoolWrite> write_;  // under way
  bool block_taken_ = false;           // front() has copied its block, which is still being written
  bool failed_ = false;
  base::Buffer tail_;
};

}  // namespace howdah::serve

#pragma once

// Bytes that outgrow memory: unlinked files in SPOOL_DIR, the account that bounds them all, and a
// thread that writes for those who cannot wait for a disk.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/buffer.h"
#include "base/fd.h"
#include "net/event_loop.h"

namespace howdah::serve {

class SpoolFile;

// Called on its loop when what it waits for has been written, or could not be.
class SpoolWaiter {
 public:
  virtual ~SpoolWaiter() = default;
  virtual void on_written(const base::Status& outcome) = 0;
};

// An append() to `file` by the spool's thread. Owned by the one who waits: given up before the
// thread has come to it, it is not made.
struct SpoolWrite {
  std::shared_ptr<SpoolFile> file;  // of which others may read what was written before
  base::Buffer block;               // not changed until on_written()
  net::EventLoop& loop;
  SpoolWaiter* waiter;  // null: given up. On `loop` alone
};

// Shared by all loops; thread-safe. Outlives every SpoolFile and every OutputQueue; ends before the
// loops. The thread begins with the first write_later().
class Spool {
 public:
  Spool() = default;
  Spool(std::string directory, uint64_t limit) : directory_(std::move(directory)), limit_(limit) {}
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  ~Spool();

  // Files that exist stay where they are, and count.
  void configure(std::string directory, uint64_t limit);

  uint64_t used() const { return used_.load(std::memory_order_relaxed); }

  // In order. The waiter is never called from inside of this.
  void write_later(const std::shared_ptr<SpoolWrite>& write);

 private:
  friend class SpoolFile;
  // False when the limit would be passed.
  bool reserve(uint64_t bytes);
  void give_back(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  std::string directory() const;
  base::Status begin_thread();
  void write_all();

  mutable std::mutex lock_;
  std::string directory_;           // guarded by lock_
  std::atomic<uint64_t> limit_{0};  // 0 = none
  std::atomic<uint64_t> used_{0};

  std::mutex work_lock_;
  std::condition_variable work_;
  std::deque<std::weak_ptr<SpoolWrite>> writes_;  // guarded by work_lock_, as the next two
  bool stopping_ = false;
  std::thread thread_;
};

// One unlinked file, empty and without a descriptor until the first append().
class SpoolFile {
 public:
  explicit SpoolFile(Spool& spool) : spool_(spool) {}
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;
  ~SpoolFile() { reset(); }

  // Fails with kLimit at the spool's limit, else with the system's reason. What was appended before
  // stays whole. Waits for the disk, if that is what it takes.
  base::Status append(std::string_view bytes);
  uint64_t size() const { return size_; }
  int fd() const { return fd_.get(); }
  // Another descriptor of the file, for reading only, at offset 0.
  base::Result<base::UniqueFd> reopen_read_only() const;
  // Gives file and account back.
  void reset();

 private:
  base::Status create();

  Spool& spool_;
  base::UniqueFd fd_;
  uint64_t size_ = 0;
};

}  // namespace howdah::serve

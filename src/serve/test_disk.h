#pragma once

// A disk that stands still at will: no file system does that on demand. In this test program
// pwrite() is the one of test_disk.cc.

#include <condition_variable>
#include <mutex>

namespace howdah::serve {

class TestDisk {
 public:
  void stand_still(bool still) {
    std::lock_guard lock(mutex_);
    stands_still_ = still;
    changed_.notify_all();
  }
  void wait_for_a_write() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }
  // Called by each write.
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !stands_still_; });
    --waiting_;
    ++writes_;
  }
  // Made so far.
  int writes() {
    std::lock_guard lock(mutex_);
    return writes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stands_still_ = false;
  int waiting_ = 0;
  int writes_ = 0;
};

extern TestDisk test_disk;

}  // namespace howdah::serve

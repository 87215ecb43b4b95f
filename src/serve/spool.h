#pragma once

// Bytes that outgrow memory: unlinked files in SPOOL_DIR, and the account that bounds them all.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace howdah::serve {

// Shared by all loops; thread-safe. Outlives every SpoolFile.
class Spool {
 public:
  Spool() = default;
  Spool(std::string directory, uint64_t limit) : directory_(std::move(directory)), limit_(limit) {}

  // Files that exist stay where they are, and count.
  void configure(std::string directory, uint64_t limit);

  uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  friend class SpoolFile;
  // False when the limit would be passed.
  bool reserve(uint64_t bytes);
  void give_back(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  std::string directory() const;

  mutable std::mutex lock_;
  std::string directory_;           // guarded by lock_
  std::atomic<uint64_t> limit_{0};  // 0 = none
  std::atomic<uint64_t> used_{0};
};

// One unlinked file, empty and without a descriptor until the first append().
class SpoolFile {
 public:
  explicit SpoolFile(Spool& spool) : spool_(spool) {}
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;
  ~SpoolFile() { reset(); }

  // Fails with kLimit at the spool's limit, else with the system's reason. What was appended before
  // stays whole.
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

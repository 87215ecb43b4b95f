#include "serve/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "base/background_thread.h"

namespace howdah::serve {
namespace {

// `write` ends here when nobody waits for it any more.
void tell(std::shared_ptr<SpoolWrite> write, base::Status outcome) {
  net::EventLoop& loop = write->loop;
  std::weak_ptr<SpoolWrite> weak = std::exchange(write, nullptr);
  loop.post([weak, outcome = std::move(outcome)] {
    auto written = weak.lock();
    if (written && written->waiter != nullptr) written->waiter->on_written(outcome);
  });
}

}  // namespace

Spool::~Spool() {
  {
    std::lock_guard lock(work_lock_);
    stopping_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Spool::write_later(const std::shared_ptr<SpoolWrite>& write) {
  std::lock_guard lock(work_lock_);
  if (auto begun = begin_thread(); !begun) return tell(write, std::move(begun));
  writes_.push_back(write);
  work_.notify_one();
}

base::Status Spool::begin_thread() {
  if (thread_.joinable()) return {};
  auto thread = base::begin_background_thread("spool", [this] { write_all(); });
  if (!thread) return base::fail(thread.error());
  thread_ = std::move(*thread);
  return {};
}

void Spool::write_all() {
  std::unique_lock lock(work_lock_);
  for (;;) {
    work_.wait(lock, [this] { return stopping_ || !writes_.empty(); });
    if (stopping_) return;
    std::shared_ptr<SpoolWrite> write = writes_.front().lock();
    writes_.pop_front();
    if (!write) continue;
    lock.unlock();
    base::Status outcome = write->file->append(write->block.view());
    tell(std::move(write), std::move(outcome));
    lock.lock();
  }
}

void Spool::configure(std::string directory, uint64_t limit) {
  std::lock_guard lock(lock_);
  directory_ = std::move(directory);
  limit_ = limit;
}

std::string Spool::directory() const {
  std::lock_guard lock(lock_);
  return directory_;
}

bool Spool::reserve(uint64_t bytes) {
  uint64_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
  uint64_t limit = limit_.load(std::memory_order_relaxed);
  if (limit == 0 || before + bytes <= limit) return true;
  give_back(bytes);
  return false;
}

base::Status SpoolFile::create() {
  std::string directory = spool_.directory();
  fd_.reset(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd_) return {};
  // Not every file system has O_TMPFILE.
  std::string name = directory + "/howdah-spool-XXXXXX";
  fd_.reset(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd_) return base::fail_errno("spool");
  ::unlink(name.c_str());
  return {};
}

base::Status SpoolFile::append(std::string_view bytes) {
  if (!fd_) {
    if (auto created = create(); !created) return created;
  }
  if (!spool_.reserve(bytes.size()))
    return base::fail({base::ErrorKind::kLimit, 0, "spool is full"});
  uint64_t end = size_;
  while (!bytes.empty()) {
    ssize_t written = base::retry_eintr(
        [&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(end)); });
    if (written < 0) {
      int reason = errno;
      spool_.give_back(bytes.size() + (end - size_));
      return base::fail({base::ErrorKind::kSystem, reason, "spool"});
    }
    end += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  size_ = end;
  return {};
}

base::Result<base::UniqueFd> SpoolFile::reopen_read_only() const {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd_.get());
  base::UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
  if (!fd) return base::fail_errno("spool");
  return fd;
}

void SpoolFile::reset() {
  fd_.reset();
  spool_.give_back(size_);
  size_ = 0;
}

}  // namespace howdah::serve

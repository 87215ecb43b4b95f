#pragma once

// The last requests that failed or took long, for people who look at a running server.
//
// A loop writes them as they end and must not wait for whoever reads: each entry is a seqlock, so
// that a reader skips what is being written at that moment.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "serve/observer.h"

namespace howdah::ops {

// Entries of one ring, and what is kept of a request's words; the rest is cut off.
inline constexpr size_t kRecentRequests = 50;
inline constexpr size_t kRecentMethodBytes = 16;
inline constexpr size_t kRecentPathBytes = 256;
inline constexpr size_t kRecentIdBytes = 128;
// An answer that took as long as this is a slow one.
inline constexpr base::Nanos kSlowAnswer = 1 * base::kSecond;

// Words as they came, whatever their bytes; cut off at the array's end, else ended by NUL.
struct RecentRequest {
  base::Nanos ended = 0;  // wall clock
  base::Nanos duration = 0;
  base::Nanos php_time = 0;
  int64_t status = 0;
  int64_t worker = -1;      // -1: none answered
  std::string_view reason;  // a literal: why the server answered so; may be empty
  char method[kRecentMethodBytes] = {};
  char path[kRecentPathBytes] = {};  // without the query
  char request_id[kRecentIdBytes] = {};

  static RecentRequest of(const serve::ExchangeReport& report);
};

// Written by one thread, read by any.
class RecentRing {
 public:
  void add(const RecentRequest& request);
  // Appends what is there, in no order.
  void copy_to(std::vector<RecentRequest>& all) const;

 private:
  static constexpr size_t kWords = sizeof(RecentRequest) / sizeof(uint64_t);
  static_assert(sizeof(RecentRequest) % sizeof(uint64_t) == 0);

  struct Slot {
    std::atomic<uint64_t> version{0};  // 0: never written; odd: being written
    std::array<std::atomic<uint64_t>, kWords> words{};
  };
  std::array<Slot, kRecentRequests> slots_;
  size_t next_ = 0;  // the writer's
};

// Leaves the newest kRecentRequests of them, newest first.
void keep_newest(std::vector<RecentRequest>& all);

// A word of a request, up to its end.
template <size_t kSize>
std::string_view word(const char (&bytes)[kSize]) {
  std::string_view all(bytes, kSize);
  return all.substr(0, all.find('\0'));
}

}  // namespace howdah::ops

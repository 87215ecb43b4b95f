#include "ops/recent.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <type_traits>

namespace howdah::ops {
namespace {

static_assert(std::is_trivially_copyable_v<RecentRequest>);

template <size_t kSize>
void put_word(char (&out)[kSize], std::string_view text) {
  std::copy_n(text.data(), std::min(text.size(), kSize), out);
}

}  // namespace

RecentRequest RecentRequest::of(const serve::ExchangeReport& report) {
  RecentRequest request{.ended = base::wall_now(),
                        .duration = report.duration,
                        .php_time = report.php_time,
                        .status = report.status,
                        .worker = report.worker,
                        .reason = report.error};
  put_word(request.method, report.method);
  put_word(request.path, report.path);
  put_word(request.request_id, report.ids.request_id);
  return request;
}

void RecentRing::add(const RecentRequest& request) {
  std::array<uint64_t, kWords> words;
  std::memcpy(words.data(), &request, sizeof request);
  Slot& slot = slots_[next_];
  next_ = (next_ + 1) % slots_.size();
  uint64_t version = slot.version.load(std::memory_order_relaxed);
  slot.version.store(version + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  for (size_t i = 0; i < kWords; ++i) slot.words[i].store(words[i], std::memory_order_relaxed);
  slot.version.store(version + 2, std::memory_order_release);
}

void RecentRing::copy_to(std::vector<RecentRequest>& all) const {
  std::array<uint64_t, kWords> words;
  for (const Slot& slot : slots_) {
    uint64_t version = slot.version.load(std::memory_order_acquire);
    if (version == 0 || version % 2 == 1) continue;
    for (size_t i = 0; i < kWords; ++i) words[i] = slot.words[i].load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (slot.version.load(std::memory_order_relaxed) != version) continue;
    std::memcpy(static_cast<void*>(&all.emplace_back()), words.data(), sizeof(RecentRequest));
  }
}

void keep_newest(std::vector<RecentRequest>& all) {
  std::ranges::sort(all, std::ranges::greater(), &RecentRequest::ended);
  if (all.size() > kRecentRequests) all.resize(kRecentRequests);
}

}  // namespace howdah::ops

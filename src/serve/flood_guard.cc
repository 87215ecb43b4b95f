#include "serve/flood_guard.h"

#include <algorithm>
#include <utility>

namespace howdah::serve {
namespace {

FloodLimit limit_of(http::Http2Cost cost) {
  using http::Http2Cost;
  switch (cost) {
    case Http2Cost::kReset:
      return kResetLimit;
    case Http2Cost::kProvokedReset:
      return kProvokedResetLimit;
    case Http2Cost::kSettings:
      return kSettingsLimit;
    case Http2Cost::kPing:
      return kPingLimit;
    case Http2Cost::kPriority:
      return kPriorityLimit;
    case Http2Cost::kWindowUpdate:
      return kWindowUpdateLimit;
    case Http2Cost::kEmptyFrame:
      return kEmptyFrameLimit;
    case Http2Cost::kSmallData:
      return kSmallDataLimit;
    case Http2Cost::kContinuation:
      return kContinuationLimit;
    case Http2Cost::kOverheadByte:
      return kOverheadByteLimit;
  }
  std::unreachable();
}

}  // namespace

void FloodGuard::reset(base::Nanos now) { buckets_.fill({.since = now}); }

bool FloodGuard::spend(http::Http2Cost cost, size_t amount, base::Nanos now) {
  Bucket& bucket = buckets_[static_cast<size_t>(cost)];
  FloodLimit limit = limit_of(cost);
  if (now - bucket.since >= base::kSecond) {
    uint64_t seconds = static_cast<uint64_t>((now - bucket.since) / base::kSecond);
    // So many seconds forgive everything.
    seconds = std::min<uint64_t>(seconds, limit.burst / limit.per_second + 1);
    bucket.spent -= std::min(bucket.spent, seconds * limit.per_second);
    bucket.since = now;
  }
  bucket.spent += amount;
  return bucket.spent <= limit.burst;
}

void FloodGuard::allow(http::Http2Cost cost, size_t amount) {
  Bucket& bucket = buckets_[static_cast<size_t>(cost)];
  bucket.spent -= std::min<uint64_t>(bucket.spent, amount);
}

const char* name_of(http::Http2Cost cost) {
  using http::Http2Cost;
  switch (cost) {
    case Http2Cost::kReset:
      return "reset";
    case Http2Cost::kProvokedReset:
      return "provoked_reset";
    case Http2Cost::kSettings:
      return "settings";
    case Http2Cost::kPing:
      return "ping";
    case Http2Cost::kPriority:
      return "priority";
    case Http2Cost::kWindowUpdate:
      return "window_update";
    case Http2Cost::kEmptyFrame:
      return "empty_frame";
    case Http2Cost::kSmallData:
      return "small_data";
    case Http2Cost::kContinuation:
      return "continuation";
    case Http2Cost::kOverheadByte:
      return "overhead";
  }
  std::unreachable();
}

}  // namespace howdah::serve

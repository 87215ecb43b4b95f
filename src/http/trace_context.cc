#include "http/trace_context.h"

#include <algorithm>

#include "http/chars.h"

namespace howdah::http {
namespace {

constexpr size_t kMaxRequestId = 128;

// version "-" trace-id "-" parent-id "-" flags
constexpr size_t kTraceAt = 3;
constexpr size_t kParentAt = kTraceAt + 32 + 1;
constexpr size_t kFlagsAt = kParentAt + 16 + 1;
constexpr size_t kSize = kFlagsAt + 2;

constexpr uint8_t kSampled = 0x01;
constexpr uint64_t kRandomBits = (uint64_t{1} << 56) - 1;
constexpr uint8_t kRandomId = 0x02;  // level 2: the trace id is random

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  return is_lower_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

bool is_traceparent(std::string_view text) {
  if (text.size() < kSize) return false;
  std::string_view version = text.substr(0, 2);
  if (!is_lower_hex(version) || version == "ff") return false;
  // A later version may say more behind another dash.
  if (text.size() > kSize && (version == "00" || text[kSize] != '-')) return false;
  if (text[kTraceAt - 1] != '-' || text[kParentAt - 1] != '-' || text[kFlagsAt - 1] != '-') {
    return false;
  }
  return is_id(text.substr(kTraceAt, 32)) && is_id(text.substr(kParentAt, 16)) &&
         is_lower_hex(text.substr(kFlagsAt, 2));
}

uint64_t nonzero(base::RandomIds& random) {
  for (;;) {
    uint64_t value = random.next();
    if (value != 0) return value;
  }
}

}  // namespace

uint64_t sampling_threshold(double ratio) {
  return static_cast<uint64_t>((1 - std::clamp(ratio, 0.0, 1.0)) *
                               static_cast<double>(kRandomBits + 1));
}

TraceContext make_trace_context(std::string_view traceparent, base::RandomIds& random,
                                uint64_t threshold) {
  TraceContext trace;
  trace.has_parent = is_traceparent(traceparent);
  if (trace.has_parent) {
    traceparent.copy(trace.trace_id, sizeof trace.trace_id, kTraceAt);
    traceparent.copy(trace.parent_span_id, sizeof trace.parent_span_id, kParentAt);
    auto flags = static_cast<uint8_t>(hex_digit(traceparent[kFlagsAt + 1]));
    // Unknown flags are not passed on.
    trace.flags = flags & (kSampled | kRandomId);
  } else {
    base::put_hex64(nonzero(random), trace.trace_id);
    const uint64_t low = random.next();
    base::put_hex64(low, trace.trace_id + 16);
    std::fill_n(trace.parent_span_id, sizeof trace.parent_span_id, '0');
    trace.flags = (low & kRandomBits) >= threshold ? kSampled : 0;
  }
  base::put_hex64(nonzero(random), trace.span_id);
  return trace;
}

void append_traceparent(std::string& out, const TraceContext& trace) {
  constexpr char kHex[] = "0123456789abcdef";
  out.append("00-").append(trace.trace()).append("-").append(trace.span());
  out.append({'-', kHex[trace.flags >> 4], kHex[trace.flags & 15]});
}

void append_request_id(std::string& out, std::string_view incoming, const TraceContext& trace) {
  if (incoming.size() <= kMaxRequestId && is_visible_ascii(incoming)) {
    out.append(incoming);
    return;
  }
  out.append(trace.trace().substr(0, 12)).append("-").append(trace.span().substr(0, 4));
}

}  // namespace howdah::http

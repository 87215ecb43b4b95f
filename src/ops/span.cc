#include "ops/span.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>

#include "http/chars.h"
#include "http/host.h"

namespace howdah::ops {
namespace {

constexpr int kFirstServerError = 500;

static_assert(std::accumulate(kLongestSpanText.begin(), kLongestSpanText.end(), size_t{0}) <=
              sizeof SpanRecord::texts);

// Appends the texts in their order.
class Texts {
 public:
  explicit Texts(SpanRecord& span) : span_(span) {}
  void add(std::string_view text) {
    text = text.substr(0, kLongestSpanText[index_]);
    std::copy_n(text.data(), text.size(), span_.texts + used_);
    used_ += text.size();
    span_.sizes[index_++] = static_cast<uint16_t>(text.size());
  }

 private:
  SpanRecord& span_;
  size_t index_ = 0;
  size_t used_ = 0;
};

// Entries are kept whole: half of one is another caller's.
std::string_view cut_trace_state(std::string_view state) {
  constexpr size_t kLongest = kLongestSpanText[static_cast<size_t>(SpanText::kTraceState)];
  if (state.size() <= kLongest) return state;
  size_t comma = state.substr(0, kLongest + 1).rfind(',');
  return state.substr(0, comma == std::string_view::npos ? 0 : comma);
}

// Usually one line, of which a view is enough.
std::string_view trace_state(const http::RequestHead& head, std::string& joined) {
  std::string_view first;
  for (const http::Field& field : head.fields) {
    if (!http::iequals(field.name, "tracestate")) continue;
    if (first.empty()) {
      first = field.value;
      continue;
    }
    if (joined.empty()) joined = first;
    joined.append(",").append(field.value);
  }
  return cut_trace_state(joined.empty() ? first : joined);
}

std::string_view without_brackets(std::string_view host) {
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

bool is_failure(const serve::ExchangeReport& report) {
  // An answer that had begun well may have been cut.
  bool cut = !report.error.empty() && report.error != serve::kClientLeft && report.status < 400;
  return report.status >= kFirstServerError || report.timed_out || cut;
}

}  // namespace

std::string_view SpanRecord::text(SpanText which) const {
  size_t at = 0;
  for (size_t i = 0; i < static_cast<size_t>(which); ++i) at += sizes[i];
  at = std::min(at, sizeof texts);
  return {texts + at, std::min<size_t>(sizes[static_cast<size_t>(which)], sizeof texts - at)};
}

void fill_span(SpanRecord& span, const serve::ExchangeReport& report, base::Nanos now) {
  const http::TraceContext& trace = *report.trace;
  span.end = now;
  span.start = now - report.duration;
  std::memcpy(span.trace_id, trace.trace_id, sizeof span.trace_id);
  std::memcpy(span.span_id, trace.span_id, sizeof span.span_id);
  std::memcpy(span.parent_span_id, trace.parent_span_id, sizeof span.parent_span_id);
  span.has_parent = trace.has_parent ? 1 : 0;
  span.flags = trace.flags;
  span.version = static_cast<uint8_t>(report.version);
  span.failed = is_failure(report) ? 1 : 0;
  span.status = static_cast<uint16_t>(report.status);
  auto host = http::parse_host(report.head == nullptr ? std::string_view() : report.head->host);
  span.port = host ? host->port.value_or(0) : 0;
  std::string joined;
  Texts texts(span);
  texts.add(report.method);
  texts.add(report.path);
  texts.add(report.scheme);
  texts.add(host ? without_brackets(host->name) : std::string_view());
  texts.add(report.client_ip);
  texts.add(report.user_agent);
  // It says something about the caller's trace only.
  const bool continued = trace.has_parent && report.head != nullptr;
  texts.add(continued ? trace_state(*report.head, joined) : std::string_view());
  texts.add(report.error);
}

}  // namespace howdah::ops

#pragma once

// Who a request is, for logs and tracing: W3C Trace Context (traceparent) and X-Request-ID.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"

namespace howdah::http {

// Plain data; identifiers are lower-case hexadecimal without a NUL.
struct TraceContext {
  char trace_id[32];
  char span_id[16];         // this request's own
  char parent_span_id[16];  // when has_parent: the caller's
  bool has_parent;
  uint8_t flags;

  std::string_view trace() const { return {trace_id, sizeof trace_id}; }
  std::string_view span() const { return {span_id, sizeof span_id}; }
  bool sampled() const { return (flags & 1) != 0; }
  // Empty without a parent.
  std::string_view parent_span() const {
    return {parent_span_id, has_parent ? sizeof parent_span_id : 0};
  }
};

// For traces that begin here: those are sampled whose id, in its last 56 bits, is not less. So the
// share of a ratio (0 to 1) is sampled, and the same traces wherever the rule is this one, which is
// that of OpenTelemetry's consistent sampling.
uint64_t sampling_threshold(double ratio);

// `traceparent` is the incoming field's value, or empty. A valid one is continued under a new span
// id, sampled or not as it says; otherwise a trace begins, which `threshold` decides about.
TraceContext make_trace_context(std::string_view traceparent, base::RandomIds& random,
                                uint64_t threshold = 0);

// "00-<trace id>-<span id>-<flags>".
void append_traceparent(std::string& out, const TraceContext& trace);

// `incoming` (an X-Request-ID, or empty) when it is 1 to 128 visible ASCII characters, else made
// from the trace: "<first 12 digits of the trace id>-<first 4 of the span id>".
void append_request_id(std::string& out, std::string_view incoming, const TraceContext& trace);

}  // namespace howdah::http

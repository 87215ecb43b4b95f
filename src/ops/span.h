#pragma once

// A request as tracing has it: one span of kind SERVER, in a form that can lie in shared memory.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "serve/observer.h"

namespace howdah::ops {

enum class SpanText : uint8_t {
  kMethod,
  kPath,  // as received, without the query
  kScheme,
  kHost,        // without its port
  kClient,      // the client's address
  kAgent,       // User-Agent
  kTraceState,  // the caller's, its lines joined; what does not fit is left out entry by entry
  kError,       // why the request went wrong, in the words of the log
};
inline constexpr size_t kSpanTexts = 8;

// Longer texts are cut. In the order of SpanText.
inline constexpr std::array<uint16_t, kSpanTexts> kLongestSpanText = {32, 768, 8,   128,
                                                                      64, 256, 512, 96};

// Plain data; all zero is a valid one. Whoever reads one that another process wrote uses text(),
// which stays inside whatever the record says.
struct SpanRecord {
  int64_t start;  // nanoseconds since 1970
  int64_t end;
  char trace_id[32];
  char span_id[16];
  char parent_span_id[16];  // when has_parent
  uint8_t has_parent;
  uint8_t flags;    // of traceparent
  uint8_t version;  // an http::Version
  uint8_t failed;   // the server's fault
  uint16_t status;
  uint16_t port;  // that the client named; 0 = none
  std::array<uint16_t, kSpanTexts> sizes;
  char texts[1864];  // one after the other, in the order of SpanText

  std::string_view text(SpanText which) const;
};

// `report` has a trace. `now` is the wall clock's.
void fill_span(SpanRecord& span, const serve::ExchangeReport& report, base::Nanos now);

}  // namespace howdah::ops

// Incoming traceparent and X-Request-ID, a line each: what leaves is always well formed.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/trace_context.h"

namespace howdah::http {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool hexadecimal(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool visible(char c) { return c > ' ' && c < 0x7f; }

void check(std::string_view traceparent, std::string_view incoming) {
  static base::RandomIds random;
  TraceContext trace = make_trace_context(traceparent, random);
  require(hexadecimal(trace.trace()) && trace.trace().find_first_not_of('0') != std::string::npos);
  require(hexadecimal(trace.span()) && trace.span().find_first_not_of('0') != std::string::npos);
  require(trace.has_parent == !trace.parent_span().empty() && hexadecimal(trace.parent_span()));
  // What continues a trace names it as it came.
  if (trace.has_parent) require(traceparent.find(trace.trace()) != std::string_view::npos);

  std::string out;
  append_traceparent(out, trace);
  require(out.size() == 55 && out.starts_with("00-"));
  TraceContext next = make_trace_context(out, random);
  require(next.trace() == trace.trace() && next.parent_span() == trace.span());

  std::string id;
  append_request_id(id, incoming, trace);
  require(!id.empty() && id.size() <= 128 && std::ranges::all_of(id, visible));
}

}  // namespace
}  // namespace howdah::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  size_t line = text.find('\n');
  std::string_view rest = line == std::string_view::npos ? "" : text.substr(line + 1);
  howdah::http::check(text.substr(0, line), rest);
  return 0;
}

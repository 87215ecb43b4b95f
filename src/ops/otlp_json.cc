#include "ops/otlp_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "base/json.h"
#include "http/message.h"

namespace howdah::ops {
namespace {

constexpr int kKindServer = 2;
constexpr int kStatusError = 2;
// Span.flags: traceparent's flags, then whether the parent is known to be remote, and that it is.
constexpr uint32_t kRemoteKnown = 0x100;
constexpr uint32_t kRemote = 0x200;
constexpr size_t kBytesPerSpan = 1024;  // about

// Others are _OTHER: names that strangers choose would be as many as they like.
constexpr std::array<std::string_view, 10> kKnownMethods = {
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"};

// Writes the list of attributes of one object.
class Attributes {
 public:
  explicit Attributes(std::string& out) : out_(out) { out_ += "\"attributes\":["; }
  ~Attributes() { out_ += ']'; }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  // Nothing is said of an empty text.
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    begin(name);
    out_ += "\"stringValue\":";
    base::append_json_string(out_, value);
    out_ += "}}";
  }
  void add(std::string_view name, unsigned value) {
    begin(name);
    fmt::format_to(std::back_inserter(out_), "\"intValue\":\"{}\"}}}}", value);
  }

 private:
  void begin(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += "{\"key\":";
    base::append_json_string(out_, name);
    out_ += ",\"value\":{";
  }

  std::string& out_;
  bool first_ = true;
};

std::string_view protocol_version(uint8_t version) {
  switch (static_cast<http::Version>(version)) {
    case http::Version::kHttp10:
      return "1.0";
    case http::Version::kHttp2:
      return "2";
    default:
      return "1.1";
  }
}

void append_attributes(std::string& out, const SpanRecord& span, bool known_method) {
  const std::string_view method = span.text(SpanText::kMethod);
  Attributes attributes(out);
  attributes.add("http.request.method", known_method ? method : "_OTHER");
  if (!known_method) attributes.add("http.request.method_original", method);
  attributes.add("url.path", span.text(SpanText::kPath));
  attributes.add("url.scheme", span.text(SpanText::kScheme));
  attributes.add("http.response.status_code", unsigned{span.status});
  attributes.add("server.address", span.text(SpanText::kHost));
  if (span.port != 0) attributes.add("server.port", unsigned{span.port});
  attributes.add("client.address", span.text(SpanText::kClient));
  attributes.add("network.protocol.version", protocol_version(span.version));
  attributes.add("user_agent.original", span.text(SpanText::kAgent));
  if (span.failed == 0) return;
  const bool by_status = span.status >= 400;
  attributes.add("error.type", by_status ? std::to_string(span.status) : "cut");
}

void append_span(std::string& out, const SpanRecord& span) {
  const std::string_view method = span.text(SpanText::kMethod);
  const bool known = std::ranges::find(kKnownMethods, method) != kKnownMethods.end();
  // Hexadecimal as it was written; a record that is damaged must not be able to break the batch.
  auto id = [&](const char* name, std::string_view value) {
    fmt::format_to(std::back_inserter(out), "\"{}\":", name);
    base::append_json_string(out, value);
    out += ',';
  };
  out += '{';
  id("traceId", {span.trace_id, sizeof span.trace_id});
  id("spanId", {span.span_id, sizeof span.span_id});
  if (span.has_parent != 0) id("parentSpanId", {span.parent_span_id, sizeof span.parent_span_id});
  const std::string_view state = span.text(SpanText::kTraceState);
  if (!state.empty()) id("traceState", state);
  const uint32_t remote = span.has_parent != 0 ? kRemoteKnown | kRemote : 0;
  fmt::format_to(std::back_inserter(out),
                 "\"flags\":{},\"name\":\"{}\",\"kind\":{},\"startTimeUnixNano\":\"{}\","
                 "\"endTimeUnixNano\":\"{}\",",
                 span.flags | remote, known ? method : "HTTP", kKindServer, span.start, span.end);
  append_attributes(out, span, known);
  if (span.failed != 0) {
    fmt::format_to(std::back_inserter(out), ",\"status\":{{\"code\":{},\"message\":", kStatusError);
    base::append_json_string(out, span.text(SpanText::kError));
    out += '}';
  }
  out += '}';
}

}  // namespace

std::string otlp_json(const SpanResource& resource, std::span<const SpanRecord> spans) {
  std::string out;
  out.reserve(spans.size() * kBytesPerSpan);
  out += "{\"resourceSpans\":[{\"resource\":{";
  {
    Attributes attributes(out);
    for (const auto& [name, value] : resource) attributes.add(name, value);
  }
  out += "},\"scopeSpans\":[{\"scope\":{\"name\":\"howdah\",\"version\":\"" HOWDAH_VERSION
         "\"},\"spans\":[";
  for (size_t i = 0; i < spans.size(); ++i) {
    if (i > 0) out += ',';
    append_span(out, spans[i]);
  }
  out += "]}]}]}";
  return out;
}

}  // namespace howdah::ops

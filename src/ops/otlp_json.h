#pragma once

// Spans in the JSON form of the OpenTelemetry protocol (OTLP 1.x, ExportTraceServiceRequest):
// identifiers in hexadecimal, 64-bit numbers as strings. Names of attributes are those of the
// semantic conventions for HTTP.

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ops/span.h"

namespace howdah::ops {

// Who the spans are from: name and value, service.name among them.
using SpanResource = std::vector<std::pair<std::string, std::string>>;

std::string otlp_json(const SpanResource& resource, std::span<const SpanRecord> spans);

}  // namespace howdah::ops

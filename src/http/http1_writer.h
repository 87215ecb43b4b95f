#pragma once

// Answers of HTTP/1.1 as bytes, appended piece by piece to memory that its user reuses.
//
// Out is base::Buffer or std::string. What is appended must be valid already (response_rules.h says
// so for headers that come from PHP): asserted here, not repaired.

#include <cstdint>
#include <string_view>

namespace howdah::http {

// The interim answer that asks for the body (RFC 9110 15.2.1).
inline constexpr std::string_view kContinueResponse = "HTTP/1.1 100 Continue\r\n\r\n";
// Behind the bytes of each chunk.
inline constexpr std::string_view kChunkEnd = "\r\n";
// Ends a chunked body that has no trailers.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
// Ends a head.
inline constexpr std::string_view kHeadEnd = "\r\n";

// `status` 100 to 999. An empty `reason` means the registered one.
template <class Out>
void append_status_line(Out& out, int status, std::string_view reason = {});
template <class Out>
void append_field(Out& out, std::string_view name, std::string_view value);
template <class Out>
void append_field(Out& out, std::string_view name, uint64_t value);
// The line ahead of `size` > 0 bytes of a chunk.
template <class Out>
void append_chunk_header(Out& out, uint64_t size);

}  // namespace howdah::http

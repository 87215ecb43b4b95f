#pragma once

// How much an HTTP/1 client may send before its message is refused.

#include <cstddef>
#include <cstdint>

namespace howdah::http {

struct Http1Limits {
  // Request line and fields with their line ends (MAX_HEADER_SIZE). Beyond: 431, or 414 when the
  // request line alone is.
  size_t max_head = 64 << 10;
  // Field lines of a head. Beyond: 431.
  size_t max_fields = 256;
  // Empty lines ahead of a request line, which some clients send behind a body. Beyond: 400.
  size_t max_empty_lines = 4;
  // Decoded bytes of a chunked body (MAX_BODY_SIZE), known from the size line of the chunk that
  // passes it. Beyond: 413. A body with a length is its user's to judge: the head says it.
  uint64_t max_chunked_body = UINT64_MAX;
  // Extension bytes of one chunk. Beyond: 400.
  size_t max_chunk_extension = 1 << 10;
  // Extension bytes of all chunks of a body, beside as many as the body itself has, so that a
  // client cannot have us read without end for nothing. Beyond: 400.
  size_t max_chunk_extension_total = 16 << 10;
  // Trailer section with its line ends. Beyond: 431.
  size_t max_trailer = 16 << 10;
};

}  // namespace howdah::http

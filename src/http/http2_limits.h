#pragma once

// What an HTTP/2 connection is told to keep to, and how much it may send before it is refused.

#include <cstddef>
#include <cstdint>

namespace howdah::http {

// Set by the session's user, who has the numbers; the defaults are the protocol's own.
struct Http2Limits {
  // Names and values of a head with 32 bytes for each field (RFC 9113 6.5.2). Beyond: 431, or
  // 414 when the path alone is.
  size_t max_head = 64 << 10;
  // Fields of a head. Beyond: 431.
  size_t max_fields = 256;
  // Streams at a time.
  uint32_t max_streams = 128;
  // What a client may send ahead of WINDOW_UPDATE, on one stream and on all of them.
  uint32_t stream_window = 65535;
  uint32_t connection_window = 65535;
  // CONTINUATION frames of one head. Beyond: the connection ends.
  size_t max_continuations = 8;
  // Acknowledgements of PING and SETTINGS that wait to be sent. Beyond: the connection ends.
  size_t max_waiting_acks = 1000;
  // Names and values of an answer's head, with some bytes for each. Beyond: the stream is reset.
  size_t max_sent_head = 64 << 10;
  // Entries of one SETTINGS frame. Beyond: the connection ends.
  size_t max_settings = 32;
};

}  // namespace howdah::http

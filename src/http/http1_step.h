#pragma once

// What a decoder of HTTP/1 bytes says after each look at its input.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace howdah::http {

enum class Event : uint8_t {
  kNeedMore,  // nothing to say before more bytes arrive
  kHead,      // a request head is complete
  kBody,      // some decoded bytes of the body
  kEnd,       // the request is complete
  kError,     // the message is refused, and so is all that follows on the connection
};

struct Step {
  Event event = Event::kNeedMore;
  // Bytes at the front of the input that are done with, whatever the event: drop them before the
  // next step.
  size_t consumed = 0;
  // For kBody: never empty, a view into the input.
  std::string_view body;
};

}  // namespace howdah::http

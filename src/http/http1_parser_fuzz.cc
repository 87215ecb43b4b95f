// Bytes of a client: whatever they are cut into, the same requests come out, and nothing a head
// says leads out of its bytes. The input is a byte of the pieces' size, then what the client sends.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/http1_parser.h"

namespace howdah::http {
namespace {

constexpr Http1Limits kLimits{.max_head = 4096, .max_fields = 32, .max_chunked_body = 64 << 10};

void require(bool holds) {
  if (!holds) std::abort();
}

void check_head(const RequestHead& head) {
  require(!head.method.empty() && !head.target.empty());
  require(head.target.find_first_of(std::string_view(" \r\n\0", 4)) == std::string_view::npos);
  for (const Field& field : head.fields) {
    require(!field.name.empty());
    require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
}

// What a connection of these bytes is seen to say, given in pieces of `piece` bytes.
std::string transcript(std::string_view bytes, size_t piece) {
  Http1RequestParser parser(kLimits);
  std::string seen, pending;
  size_t given = 0;
  for (;;) {
    Step step = parser.step(pending);
    require(step.consumed <= pending.size());
    switch (step.event) {
      case Event::kNeedMore: {
        pending.erase(0, step.consumed);
        if (given == bytes.size()) return seen;
        std::string_view more = bytes.substr(given, piece);
        given += more.size();
        pending += more;
        continue;
      }
      case Event::kHead:
        check_head(parser.head());
        seen.append("head ").append(parser.head().method).append(" ").append(parser.head().target);
        break;
      case Event::kBody:
        require(!step.body.empty());
        seen += step.body;
        break;
      case Event::kEnd:
        seen += "\nend\n";
        parser.next_request();
        break;
      case Event::kError:
        require(parser.refusal().status >= 400 && *parser.refusal().reason != '\0');
        return seen + "error " + std::to_string(parser.refusal().status);
    }
    pending.erase(0, step.consumed);
  }
}

}  // namespace
}  // namespace howdah::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using howdah::http::transcript;
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string whole = transcript(bytes, ~size_t{0});
  std::string cut = transcript(bytes, 1 + data[0] % 61);
  if (whole != cut) std::abort();
  return 0;
}

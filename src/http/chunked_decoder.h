#pragma once

// The chunked transfer coding (RFC 9112 7.1), read strictly: a chunk that two recipients could
// measure differently is an error. Extensions and trailers are checked and dropped.

#include <cstdint>

#include "http/http1_limits.h"
#include "http/http1_step.h"
#include "http/message.h"

namespace howdah::http {

// Decodes one body at a time; reset() begins the next. No memory of its own.
class ChunkedDecoder {
 public:
  // `limits` outlives the decoder.
  explicit ChunkedDecoder(const Http1Limits& limits) : limits_(limits) {}

  void reset();
  // `input` is all that was not consumed so far. Says kNeedMore, kBody, kEnd or kError; after the
  // last two it must be reset.
  Step step(std::string_view input);
  // After kError.
  const Refusal& refusal() const { return refusal_; }

 private:
  enum class State : uint8_t {
    kSize,     // at the line with a chunk's size
    kData,     // inside a chunk
    kDataEnd,  // at the CRLF behind a chunk
    kTrailer,  // at a line behind the last chunk
  };
  enum class Progress : uint8_t {
    kOn,        // done with this part, go on with the next
    kNeedMore,  // the part is not complete
    kDone,      // that was the end of the body
    kFailed,    // refusal_ says why
  };

  Progress size_line(std::string_view rest, size_t& used);
  Progress data_end(std::string_view rest, size_t& used);
  Progress trailer_line(std::string_view rest, size_t& used);
  Progress take_line(std::string_view rest, size_t limit, Refusal too_long, std::string_view& line);
  Progress fail(int status, const char* reason);

  const Http1Limits& limits_;
  State state_ = State::kSize;
  size_t scan_ = 0;         // how far the current line was searched for its end
  uint64_t remaining_ = 0;  // of the current chunk
  uint64_t body_bytes_ = 0;
  uint64_t extension_bytes_ = 0;
  size_t trailer_bytes_ = 0;
  Refusal refusal_;
};

// `text` is what follows a chunk's size on its line: extensions by RFC 9112 7.1.1, or nothing.
bool valid_chunk_extensions(std::string_view text);

}  // namespace howdah::http

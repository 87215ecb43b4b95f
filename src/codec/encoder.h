#pragma once

// Content codings as streams: bytes in, encoded bytes out in pieces of the caller's size. Knows
// nothing of HTTP: which bodies are encoded is compressible.h's, who is sent what the callers'.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/content_coding.h"
#include "codec/limits.h"

namespace howdah::codec {

enum class Effort : uint8_t {
  kDynamic,  // for a body that is made for one answer
  kStatic,   // for one that is kept and sent many times
};

// How far the output is to come.
enum class Until : uint8_t {
  kLater,     // the encoder may keep what it was given
  kFlushed,   // a decoder gets all input so far from the output so far
  kFinished,  // the body ends with this input
};

enum class Progress : uint8_t {
  kDone,    // the input is taken, and the output has come as far as was asked
  kRoom,    // more room is needed: call again with the rest of the input and the same goal
  kFailed,  // no memory; the body is lost and only begin() helps
};

// Encodes one body after the other and keeps its memory meanwhile. One thread's.
class Encoder {
 public:
  virtual ~Encoder() = default;

  // A new body, whatever became of the last one. False when there is no memory for it.
  virtual bool begin() = 0;

  struct Step {
    Progress progress;
    size_t written;  // bytes at the front of the room
  };
  // Takes from the front of `input`, which is shortened. `room` has at least kSmallestRoom bytes.
  virtual Step encode(std::string_view& input, Until until, std::span<char> room) = 0;
};

// For everything but kIdentity.
std::unique_ptr<Encoder> make_encoder(base::ContentCoding coding, Effort effort);

// One encoder for each coding, made when it is first asked for. One thread's.
class EncoderSet {
 public:
  explicit EncoderSet(Effort effort) : effort_(effort) {}
  // Ready for a new body; belongs to the set. Null when there is no memory, or for kIdentity.
  Encoder* begin(base::ContentCoding coding);

 private:
  const Effort effort_;
  std::array<std::unique_ptr<Encoder>, base::kContentCodings> encoders_;
};

// Encodes all of `input`. Each piece lies in `room` until sink(piece) returns; a sink that says
// false ends it. False when the sink has, or when the encoder has failed.
template <class Sink>
bool encode_all(Encoder& encoder, std::string_view input, Until until, std::span<char> room,
                Sink sink) {
  for (;;) {
    Encoder::Step step = encoder.encode(input, until, room);
    if (step.progress == Progress::kFailed) return false;
    if (step.written > 0 && !sink(std::string_view(room.data(), step.written))) return false;
    if (step.progress == Progress::kDone) return true;
  }
}

}  // namespace howdah::codec

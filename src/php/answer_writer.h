#pragma once

// PHP's answer on its way into the channel: as it is, or encoded as the front has negotiated.
//
// Whether a body is encoded can depend on its size, so the head of one that may be is held back
// until enough of the body is here: 256 bytes, a flush or the end. A body that came in one piece,
// or whose Content-Length the script has set, is encoded up to 3 MiB; one that grows piece by piece
// is encoded to its end, since its first bytes are out before anybody knows how large it gets.
//
// No PHP header, and nothing here calls PHP: no longjmp comes through. The front depends on none of
// this being right.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/content_coding.h"
#include "channel/frame.h"
#include "channel/worker_channel.h"
#include "codec/encoder.h"
#include "codec/limits.h"

namespace howdah::php {

// One per worker, used by its thread. Keeps its memory from answer to answer.
class AnswerWriter {
 public:
  struct Terms {
    std::optional<base::ContentCoding> coding;  // nothing: compression is off
    bool head_method = false;
    std::string_view if_none_match;  // valid as long as the request
  };
  // A new request; what is left of the last answer is dropped. `channel` stays.
  void begin(channel::WorkerChannel& channel, Terms terms);

  // --- the head. In this order: begin_head(), look_at() for each field of the script, add() for
  // each that is to be sent, send_head().
  void begin_head(int status);
  void look_at(std::string_view name, std::string_view value);
  // After look_at(): whether the answer would be encoded for a client that wants it so.
  bool compressible() const;
  // The script sees to the coding of its answer itself.
  void leave_alone() { left_alone_ = true; }
  void add(std::string_view name, std::string_view value);
  // What the head has come to, with all that send_head() may add.
  size_t head_bytes() const;
  bool send_head();
  // In its place, for a head that was begun with a 1xx status. The final one follows, from
  // begin_head() on.
  bool send_interim() { return channel_->interim(head_); }

  // --- the rest, as channel::WorkerChannel has it: false when nobody will read it any more
  bool write(std::string_view bytes);
  bool flush();
  void end();
  void finish();

  // Fields that are added to those of the script.
  static constexpr size_t kAddedFields = 2;

 private:
  enum class State : uint8_t {
    kPlain,      // bytes go out as they come
    kUndecided,  // the head is held back, and less than kSmallestBody bytes of the body
    kEncoding,
    kLost,  // the encoder was left in the middle, or has no memory
  };

  bool allows_coding() const;
  bool add_held(std::string_view name, std::string_view value);
  void add_etag(std::string_view value);
  bool begin_plain();
  bool begin_encoding();
  bool send_encoded_head();
  bool encode(std::string_view bytes, codec::Until until);
  void complete();

  codec::EncoderSet encoders_{codec::Effort::kDynamic};
  channel::WorkerChannel* channel_ = nullptr;
  Terms terms_;
  State state_ = State::kPlain;
  codec::Encoder* encoder_ = nullptr;

  // The head.
  channel::ResponseHeadEncoder head_;
  int status_ = 200;
  bool type_fits_ = false;
  bool left_alone_ = false;
  bool varies_ = false;  // the script's Vary says it all
  std::optional<uint64_t> length_;
  // Fields that depend on what becomes of the body; empty when there are none.
  std::string held_length_;
  std::string held_etag_;
  std::string held_ranges_;

  // The body so far, while undecided.
  char held_[codec::kSmallestBody];
  size_t held_size_ = 0;
  char room_[codec::kEncodedPieceBytes];
};

}  // namespace howdah::php

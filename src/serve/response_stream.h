#pragma once

// Where an exchange sends its answer: an HTTP/1 connection, or a stream of an HTTP/2 one.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "channel/frame.h"
#include "serve/answer_head.h"

namespace howdah::serve {

// Pieces of a body; the views end with the call they are passed to.
struct BodyPieces {
  std::span<const std::string_view> pieces;
  size_t size = 0;  // of all of them
};

enum class Last {
  kNo,
  kYes,  // the answer is complete with this
};

// How much may pile up for a client.
enum class Pace {
  kSpool,     // everything is taken, the spool is behind it
  kHoldBack,  // the source waits for the client: ask room() first
};

// Called on the loop's thread by the exchange that the stream serves. Nothing here calls back into
// the exchange before it returns; ResponseSource hears of what happens later.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  // A 1xx head; what the protocol version cannot carry is dropped.
  virtual void send_interim(int status, std::span<const channel::ResponseField> fields) = 0;
  // The final head, with a first part of the body. `length` is the whole body's, if it is known: an
  // answer to HEAD names it and sends none.
  virtual void start(const AnswerHead& head, std::optional<uint64_t> length, BodyPieces body,
                     Last last) = 0;
  virtual void write(BodyPieces body, Last last) = 0;
  // The final head and `length` bytes of `file` from `offset`. Nothing follows. A file that turns
  // out to be shorter cuts the answer.
  virtual void start_file(const AnswerHead& head, base::UniqueFd file, uint64_t offset,
                          uint64_t length) = 0;
  // The answer cannot be completed: what was sent of it must be seen to be cut. What waits for the
  // client is sent first.
  virtual void cut() = 0;

  virtual void set_pace(Pace pace) = 0;
  // May the source go on? After a no, ResponseSource::on_room() follows.
  virtual bool room() = 0;
  // Body bytes the client's socket has taken.
  virtual uint64_t sent_body_bytes() const = 0;
};

}  // namespace howdah::serve

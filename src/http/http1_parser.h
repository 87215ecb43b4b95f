#pragma once

// The server's side of HTTP/1.0 and 1.1: bytes of a connection in, requests out.
//
// RFC 9112 lets a recipient be kind to malformed messages; this one is not, since what two parsers
// read differently is how requests are smuggled. A head is looked at only when it is complete, and
// its parts stay where the caller has them. Lines go through Boost.Beast's basic_parser, with what
// it lets pass refused before or after (http1_head.h); bodies are decoded here.

#include <string>

#include "http/chunked_decoder.h"
#include "http/http1_limits.h"
#include "http/http1_step.h"
#include "http/message.h"

namespace howdah::http {

// One per connection, used by its loop's thread alone. Allocates nothing once it has seen a request
// with as many fields as the present one.
class Http1RequestParser {
 public:
  explicit Http1RequestParser(Http1Limits limits) : limits_(limits) {}
  // The decoder refers to limits_.
  Http1RequestParser(const Http1RequestParser&) = delete;
  Http1RequestParser& operator=(const Http1RequestParser&) = delete;

  // `input` is all bytes of the connection not consumed so far; the ones seen before may have
  // moved. Events of one request: kHead, kBody any number of times, kEnd; kNeedMore in between;
  // kError instead of any. Never consumes bytes of the next request. After kEnd and kError it stays
  // there.
  Step step(std::string_view input);

  // After kHead until next_request(). Its views point into that step's input: valid for as long as
  // the caller leaves that memory alone (consumed or not), or after RequestHead::rebase().
  const RequestHead& head() const { return head_; }
  RequestHead& head() { return head_; }
  // After kError. The connection can only be answered and closed.
  const Refusal& refusal() const { return refusal_; }
  // After kEnd: ready for the next request on the connection.
  void next_request();
  // For requests to come: between two of them.
  void use_limits(const Http1Limits& limits) { limits_ = limits; }
  // Was a byte of the present request's head seen? (A head cut short by time is a 408; silence, and
  // empty lines ahead of a head, are an idle connection.)
  bool head_begun() const { return state_ != State::kBefore; }

 private:
  enum class State : uint8_t {
    kBefore,       // no byte of a head yet
    kHead,         // inside a head
    kLengthBody,   // remaining_ bytes to come
    kChunkedBody,  // decoder_ says when it ends
    kComplete,     // kEnd was said
    kFailed,       // kError was said
  };

  Step step_before(std::string_view input);
  Step step_head(std::string_view input, size_t skipped);
  Step step_length_body(std::string_view input);
  Step step_chunked_body(std::string_view input);
  Step finish_head(std::string_view bytes, size_t skipped);
  Refusal too_large(std::string_view head) const;
  Step refuse(Refusal refusal);

  Http1Limits limits_;
  State state_ = State::kBefore;
  size_t empty_lines_ = 0;  // skipped ahead of the head
  size_t scan_ = 0;         // bytes of the head already searched for line ends
  size_t line_begin_ = 0;   // where the line being searched begins
  size_t lines_ = 0;        // complete lines so far
  uint64_t remaining_ = 0;
  RequestHead head_;
  std::string target_memory_;
  Refusal refusal_;
  ChunkedDecoder decoder_{limits_};
};

}  // namespace howdah::http

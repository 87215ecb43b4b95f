#include "http/http1_parser.h"

#include <algorithm>
#include <cassert>

#include "http/chars.h"
#include "http/http1_head.h"

namespace howdah::http {

Step Http1RequestParser::step(std::string_view input) {
  switch (state_) {
    case State::kBefore:
      return step_before(input);
    case State::kHead:
      return step_head(input, 0);
    case State::kLengthBody:
      return step_length_body(input);
    case State::kChunkedBody:
      return step_chunked_body(input);
    case State::kComplete:
      return {Event::kEnd, 0, {}};
    case State::kFailed:
      return {Event::kError, 0, {}};
  }
  return {Event::kError, 0, {}};
}

void Http1RequestParser::next_request() {
  assert(state_ == State::kComplete);
  state_ = State::kBefore;
  empty_lines_ = 0;
  scan_ = line_begin_ = lines_ = 0;
}

Step Http1RequestParser::step_before(std::string_view input) {
  size_t skipped = 0;
  // RFC 9112 2.2: some old clients send an empty line behind a body; at least one is to be skipped.
  while (input.starts_with('\r')) {
    if (input.size() == 1) return {Event::kNeedMore, skipped, {}};
    if (input[1] != '\n') return refuse({400, "bare CR ahead of a request"});
    if (++empty_lines_ > limits_.max_empty_lines) return refuse({400, "too many empty lines"});
    skipped += 2;
    input.remove_prefix(2);
  }
  if (input.empty()) return {Event::kNeedMore, skipped, {}};
  state_ = State::kHead;
  // A TLS handshake or other noise need not wait for a line end that never comes.
  if (!is_token_char(input[0])) return refuse({400, "bad method"});
  return step_head(input, skipped);
}

// Lines are judged in the order of their bytes, so that the outcome does not depend on how the
// bytes were cut into pieces.
Step Http1RequestParser::step_head(std::string_view input, size_t skipped) {
  std::string_view searched = input.substr(0, limits_.max_head);
  for (;;) {
    size_t lf = searched.find('\n', scan_);
    if (lf == std::string_view::npos) {
      scan_ = searched.size();
      if (scan_ == limits_.max_head) return refuse(too_large(searched));
      return {Event::kNeedMore, skipped, {}};
    }
    if (lf == line_begin_ || input[lf - 1] != '\r') return refuse({400, "bare LF in the head"});
    std::string_view line = input.substr(line_begin_, lf - 1 - line_begin_);
    scan_ = line_begin_ = lf + 1;
    if (line.empty()) return finish_head(input.substr(0, scan_), skipped);
    auto refusal = lines_ == 0 ? check_request_line(line) : check_field_line(line);
    if (refusal) return refuse(*refusal);
    if (lines_ > limits_.max_fields) return refuse({431, "too many header fields"});
    ++lines_;
  }
}

// RFC 9110 15.5.15: a request line that leaves no room for fields has a target that is too long.
Refusal Http1RequestParser::too_large(std::string_view head) const {
  bool target = lines_ == 0 && head.find(' ') != std::string_view::npos;
  return target ? Refusal{414, "request target too long"} : Refusal{431, "request head too large"};
}

Step Http1RequestParser::finish_head(std::string_view bytes, size_t skipped) {
  if (auto refusal = parse_head(bytes, head_, target_memory_)) return refuse(*refusal);
  if (head_.framing == BodyFraming::kChunked) {
    decoder_.reset();
    state_ = State::kChunkedBody;
  } else {
    remaining_ = head_.content_length;
    state_ = State::kLengthBody;
  }
  return {Event::kHead, skipped + bytes.size(), {}};
}

Step Http1RequestParser::step_length_body(std::string_view input) {
  if (remaining_ == 0) {
    state_ = State::kComplete;
    return {Event::kEnd, 0, {}};
  }
  size_t size = static_cast<size_t>(std::min<uint64_t>(input.size(), remaining_));
  if (size == 0) return {Event::kNeedMore, 0, {}};
  remaining_ -= size;
  return {Event::kBody, size, input.substr(0, size)};
}

Step Http1RequestParser::step_chunked_body(std::string_view input) {
  Step step = decoder_.step(input);
  if (step.event == Event::kEnd) state_ = State::kComplete;
  if (step.event == Event::kError) {
    state_ = State::kFailed;
    refusal_ = decoder_.refusal();
  }
  return step;
}

Step Http1RequestParser::refuse(Refusal refusal) {
  state_ = State::kFailed;
  refusal_ = refusal;
  return {Event::kError, 0, {}};
}

}  // namespace howdah::http

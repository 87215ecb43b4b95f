#include "http/chunked_decoder.h"

#include <algorithm>
#include <cstring>

#include "http/chars.h"

namespace howdah::http {
namespace {

constexpr size_t kMaxSizeDigits = 16;  // of a 64-bit number

void skip_ows(std::string_view& text) {
  size_t end = text.find_first_not_of(" \t");
  text.remove_prefix(std::min(end, text.size()));
}

bool skip_token(std::string_view& text) {
  size_t size = 0;
  while (size < text.size() && is_token_char(text[size])) ++size;
  text.remove_prefix(size);
  return size > 0;
}

// At the opening quote. Control bytes were refused before.
bool skip_quoted(std::string_view& text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool valid_field_line(std::string_view line) {
  size_t colon = line.find(':');
  return colon != std::string_view::npos && is_token(line.substr(0, colon)) && !has_control(line);
}

}  // namespace

bool valid_chunk_extensions(std::string_view text) {
  if (has_control(text)) return false;
  while (!text.empty()) {
    skip_ows(text);
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    skip_ows(text);
    if (!skip_token(text)) return false;
    std::string_view after_name = text;
    skip_ows(after_name);
    if (!after_name.starts_with('=')) continue;
    text = after_name.substr(1);
    skip_ows(text);
    if (!(text.starts_with('"') ? skip_quoted(text) : skip_token(text))) return false;
  }
  return true;
}

void ChunkedDecoder::reset() {
  state_ = State::kSize;
  scan_ = trailer_bytes_ = 0;
  remaining_ = body_bytes_ = extension_bytes_ = 0;
  refusal_ = {};
}

Step ChunkedDecoder::step(std::string_view input) {
  size_t used = 0;
  for (;;) {
    std::string_view rest = input.substr(used);
    Progress progress = Progress::kOn;
    switch (state_) {
      case State::kSize:
        progress = size_line(rest, used);
        break;
      case State::kData: {
        size_t size = static_cast<size_t>(std::min<uint64_t>(rest.size(), remaining_));
        if (size == 0) return {Event::kNeedMore, used, {}};
        remaining_ -= size;
        body_bytes_ += size;
        if (remaining_ == 0) state_ = State::kDataEnd;
        return {Event::kBody, used + size, rest.substr(0, size)};
      }
      case State::kDataEnd:
        progress = data_end(rest, used);
        break;
      case State::kTrailer:
        progress = trailer_line(rest, used);
        break;
    }
    switch (progress) {
      case Progress::kOn:
        break;
      case Progress::kNeedMore:
        return {Event::kNeedMore, used, {}};
      case Progress::kDone:
        return {Event::kEnd, used, {}};
      case Progress::kFailed:
        return {Event::kError, used, {}};
    }
  }
}

ChunkedDecoder::Progress ChunkedDecoder::size_line(std::string_view rest, size_t& used) {
  std::string_view line;
  size_t limit = kMaxSizeDigits + limits_.max_chunk_extension + 2;
  Progress progress = take_line(rest, limit, {400, "chunk line too long"}, line);
  if (progress != Progress::kOn) return progress;

  uint64_t size = 0;
  size_t digits = 0;
  while (digits < line.size() && hex_digit(line[digits]) >= 0) {
    if (digits == kMaxSizeDigits) return fail(400, "chunk size too long");
    size = size << 4 | static_cast<uint64_t>(hex_digit(line[digits]));
    ++digits;
  }
  if (digits == 0) return fail(400, "bad chunk size");
  std::string_view extensions = line.substr(digits);
  if (extensions.size() > limits_.max_chunk_extension || !valid_chunk_extensions(extensions)) {
    return fail(400, "bad chunk extension");
  }
  extension_bytes_ += extensions.size();
  if (extension_bytes_ > limits_.max_chunk_extension_total + body_bytes_) {
    return fail(400, "too many chunk extensions");
  }
  // Before a byte of the chunk was read, or waited for.
  if (size > limits_.max_chunked_body - body_bytes_) return fail(413, "chunked body too large");
  used += line.size() + 2;
  remaining_ = size;
  state_ = size == 0 ? State::kTrailer : State::kData;
  return Progress::kOn;
}

ChunkedDecoder::Progress ChunkedDecoder::data_end(std::string_view rest, size_t& used) {
  std::string_view seen = rest.substr(0, 2);
  if (!std::string_view("\r\n").starts_with(seen)) return fail(400, "no CRLF behind a chunk");
  if (seen.size() < 2) return Progress::kNeedMore;
  used += 2;
  state_ = State::kSize;
  return Progress::kOn;
}

ChunkedDecoder::Progress ChunkedDecoder::trailer_line(std::string_view rest, size_t& used) {
  std::string_view line;
  size_t limit = limits_.max_trailer - trailer_bytes_;
  Progress progress = take_line(rest, limit, {431, "trailers too large"}, line);
  if (progress != Progress::kOn) return progress;
  used += line.size() + 2;
  trailer_bytes_ += line.size() + 2;
  if (line.empty()) return Progress::kDone;
  return valid_field_line(line) ? Progress::kOn : fail(400, "bad trailer field");
}

// kOn: `line` is the line at the front of `rest` without its CRLF.
ChunkedDecoder::Progress ChunkedDecoder::take_line(std::string_view rest, size_t limit,
                                                   Refusal too_long, std::string_view& line) {
  size_t end = std::min(rest.size(), limit);
  size_t lf = rest.substr(0, end).find('\n', scan_);
  if (lf == std::string_view::npos) {
    if (rest.size() >= limit) return fail(too_long.status, too_long.reason);
    scan_ = end;
    return Progress::kNeedMore;
  }
  scan_ = 0;
  if (lf == 0 || rest[lf - 1] != '\r') return fail(400, "bare LF in a chunked body");
  line = rest.substr(0, lf - 1);
  return Progress::kOn;
}

ChunkedDecoder::Progress ChunkedDecoder::fail(int status, const char* reason) {
  refusal_ = {status, reason};
  return Progress::kFailed;
}

}  // namespace howdah::http

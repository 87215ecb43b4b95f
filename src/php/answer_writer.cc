#include "php/answer_writer.h"

#include <strings.h>

#include <cstring>

#include "base/length.h"
#include "codec/compressible.h"

namespace howdah::php {
namespace {

using base::ContentCoding;

constexpr std::string_view kVaryBy = "Accept-Encoding";
constexpr std::string_view kVaryByLower = "accept-encoding";
// "Vary: Accept-Encoding", "Content-Encoding: zstd", "W/", and what the encoder puts before each.
constexpr size_t kAddedBytes = 128;

bool same_name(std::string_view name, std::string_view other) {
  return name.size() == other.size() && strncasecmp(name.data(), other.data(), name.size()) == 0;
}

bool is_strong(std::string_view etag) { return etag.starts_with('"'); }

bool lists_weak(std::string_view list, std::string_view strong_etag) {
  for (size_t at = list.find(strong_etag); at != list.npos; at = list.find(strong_etag, at + 1)) {
    if (list.substr(0, at).ends_with("W/")) return true;
  }
  return false;
}

}  // namespace

void AnswerWriter::begin(channel::WorkerChannel& channel, Terms terms) {
  channel_ = &channel;
  terms_ = terms;
  state_ = State::kPlain;
  encoder_ = nullptr;
}

void AnswerWriter::begin_head(int status) {
  head_.begin(static_cast<uint16_t>(status));
  status_ = status;
  type_fits_ = left_alone_ = varies_ = false;
  length_.reset();
  held_length_.clear();
  held_etag_.clear();
  held_ranges_.clear();
  held_size_ = 0;
}

// --- the head ------------------------------------------------------------------------------------

void AnswerWriter::look_at(std::string_view name, std::string_view value) {
  if (!terms_.coding) return;
  if (same_name(name, "Content-Type")) {
    type_fits_ = codec::is_compressible_type(value);
  } else if (same_name(name, "Content-Length")) {
    uint64_t length = 0;
    if (base::parse_length(value, length)) length_ = length;
  } else if (same_name(name, "Vary")) {
    varies_ = varies_ || value == "*" || codec::list_holds_token(value, kVaryByLower);
  } else if (same_name(name, "Cache-Control")) {
    if (codec::list_holds_token(value, "no-transform")) left_alone_ = true;
  } else if (same_name(name, "Content-Encoding") || same_name(name, "Content-Range") ||
             // The front sends a file in the place of this answer.
             same_name(name, "X-Accel-Redirect") || same_name(name, "X-Sendfile")) {
    left_alone_ = true;
  }
}

// A 304 has no body, but the fields that the 200 would have (RFC 9110 15.4.5).
bool AnswerWriter::compressible() const {
  return terms_.coding && type_fits_ && !left_alone_ && status_ >= 200 && status_ != 204 &&
         status_ != 206;
}

bool AnswerWriter::allows_coding() const {
  return compressible() && *terms_.coding != ContentCoding::kIdentity && status_ != 304 &&
         (!length_ || codec::is_compressible_size(*length_));
}

void AnswerWriter::add(std::string_view name, std::string_view value) {
  if (compressible()) {
    if (!varies_ && same_name(name, "Vary") && !value.empty()) {
      varies_ = true;
      return head_.add(name, {value, ", ", kVaryBy});
    }
    if (status_ == 304 && same_name(name, "ETag")) return add_etag(value);
    if (allows_coding() && add_held(name, value)) return;
  }
  head_.add(name, value);
}

bool AnswerWriter::add_held(std::string_view name, std::string_view value) {
  std::string* held = same_name(name, "Content-Length")  ? &held_length_
                      : same_name(name, "ETag")          ? &held_etag_
                      : same_name(name, "Accept-Ranges") ? &held_ranges_
                                                         : nullptr;
  if (held == nullptr) return false;
  held->assign(value);
  return true;
}

// Of a 304: a client whose answer was encoded knows it by the weak tag that it was given.
void AnswerWriter::add_etag(std::string_view value) {
  bool weaken = *terms_.coding != ContentCoding::kIdentity && is_strong(value) &&
                lists_weak(terms_.if_none_match, value);
  head_.add("ETag", {weaken ? "W/" : "", value});
}

size_t AnswerWriter::head_bytes() const {
  return head_.bytes().size() + held_length_.size() + held_etag_.size() + held_ranges_.size() +
         kAddedBytes;
}

bool AnswerWriter::send_head() {
  if (compressible() && !varies_) head_.add("Vary", kVaryBy);
  if (allows_coding()) {
    state_ = State::kUndecided;
    return true;
  }
  state_ = State::kPlain;
  return channel_->head(head_);
}

// --- the body ------------------------------------------------------------------------------------

bool AnswerWriter::begin_plain() {
  if (!held_length_.empty()) head_.add("Content-Length", held_length_);
  if (!held_etag_.empty()) head_.add("ETag", held_etag_);
  if (!held_ranges_.empty()) head_.add("Accept-Ranges", held_ranges_);
  state_ = State::kPlain;
  return channel_->head(head_) && channel_->body({held_, held_size_});
}

// A strong tag says that two bodies are the same byte for byte (RFC 9110 8.8.3): an encoded one
// cannot have the tag of the plain one. A weak tag can, and unlike a new name it still compares as
// the script's own in If-None-Match. If-Range takes no weak tag, so no ranges are promised either.
bool AnswerWriter::send_encoded_head() {
  if (!held_etag_.empty()) head_.add("ETag", {is_strong(held_etag_) ? "W/" : "", held_etag_});
  head_.add("Content-Encoding", base::name_of(*terms_.coding));
  return channel_->head(head_);
}

bool AnswerWriter::begin_encoding() {
  encoder_ = encoders_.begin(*terms_.coding);
  if (encoder_ == nullptr) return begin_plain();
  state_ = State::kEncoding;
  return send_encoded_head() && encode({held_, held_size_}, codec::Until::kLater);
}

bool AnswerWriter::encode(std::string_view bytes, codec::Until until) {
  bool sound = codec::encode_all(*encoder_, bytes, until, room_,
                                 [this](std::string_view piece) { return channel_->body(piece); });
  if (!sound) state_ = State::kLost;
  return sound;
}

bool AnswerWriter::write(std::string_view bytes) {
  if (state_ == State::kUndecided) {
    size_t size = held_size_ + bytes.size();
    if (!length_ && size < codec::kSmallestBody) {
      std::memcpy(held_ + held_size_, bytes.data(), bytes.size());
      held_size_ = size;
      return true;
    }
    bool begun = size <= codec::kLargestBody ? begin_encoding() : begin_plain();
    if (!begun) return false;
  }
  switch (state_) {
    case State::kPlain:
      return channel_->body(bytes);
    case State::kEncoding:
      return encode(bytes, codec::Until::kLater);
    case State::kUndecided:
    case State::kLost:
      break;
  }
  return false;
}

bool AnswerWriter::flush() {
  if (state_ == State::kUndecided && !begin_encoding()) return false;
  if (state_ == State::kEncoding && !encode({}, codec::Until::kFlushed)) return false;
  return state_ != State::kLost && channel_->flush();
}

void AnswerWriter::complete() {
  if (state_ == State::kUndecided) {
    // The answer to a HEAD without the body that GET would have: its head is GET's all the same.
    bool only_head = terms_.head_method && held_size_ == 0 && length_;
    only_head ? send_encoded_head() : begin_plain();
  }
  if (state_ == State::kEncoding) encode({}, codec::Until::kFinished);
  state_ = State::kPlain;
}

void AnswerWriter::end() {
  complete();
  channel_->end();
}

void AnswerWriter::finish() {
  complete();
  channel_->finish();
}

}  // namespace howdah::php

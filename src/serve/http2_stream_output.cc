// The way out of an HTTP/2 stream: an exchange's answer as DATA frames.

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/chars.h"
#include "http/response_rules.h"
#include "serve/http2_connection.h"
#include "serve/http2_stream.h"
#include "serve/limits.h"

namespace howdah::serve {

using Kind = http::Http2StreamUser::Offer::Kind;

void Http2Stream::send_interim(int status, std::span<const channel::ResponseField> fields) {
  if (closed_ || answer_begun_ || status < 100 || status > 199 || status == 101) return;
  http::Http2Session& session = connection_->session();
  session.begin_head(status);
  for (const channel::ResponseField& field : fields) {
    std::string_view value = http::trim_ows(field.value);
    if (!http::valid_interim_field(field.name, value)) continue;
    session.add_field(field.name, value);
  }
  session.send_interim(id_);
  connection_->schedule();
}

void Http2Stream::send_head(const AnswerHead& head, std::optional<uint64_t> length,
                            http::Http2Session::Body body) {
  answer_begun_ = true;
  if (closed_) return;
  http::Http2Session& session = connection_->session();
  session.begin_head(head.status());
  head.for_each(
      [&](std::string_view name, std::string_view value) { session.add_field(name, value); });
  char digits[20];
  if (length && http::status_allows_body(head.status())) {
    char* end = std::to_chars(digits, digits + sizeof digits, *length).ptr;
    session.add_field("content-length", {digits, end});
  }
  session.send_head(id_, body);
  connection_->schedule();
}

void Http2Stream::start(const AnswerHead& head, std::optional<uint64_t> length, BodyPieces body,
                        Last last) {
  without_body_ = head_only_ || !http::status_allows_body(head.status());
  bool nothing = last == Last::kYes && (without_body_ || body.size == 0);
  if (nothing) answer_complete_ = true;
  send_head(head, length,
            nothing ? http::Http2Session::Body::kNone : http::Http2Session::Body::kOffered);
  if (!nothing) emit(body, last);
}

void Http2Stream::write(BodyPieces body, Last last) { emit(body, last); }

void Http2Stream::start_file(const AnswerHead& head, base::UniqueFd file, uint64_t offset,
                             uint64_t length) {
  send_head(head, length, http::Http2Session::Body::kOffered);
  answer_complete_ = true;
  if (closed_) return;
  file_ = std::move(file);
  file_offset_ = offset;
  file_left_ = body_given_ = length;
  arm_write_timer();
}

void Http2Stream::emit(BodyPieces body, Last last) {
  if (last == Last::kYes) answer_complete_ = true;
  if (closed_) return;
  if (body.size > 0 && !without_body_) {
    body_given_ += body.size;
    if (body.size >= kDirectBytes && queue_.empty() && connection_->may_send_now()) {
      send_directly(body);
    } else {
      for (std::string_view piece : body.pieces) keep(piece);
    }
    arm_write_timer();
  }
  connection_->session().resume(id_);
  connection_->schedule();
}

// From where the pieces lie to the socket; what it or a window does not let through is kept.
void Http2Stream::send_directly(BodyPieces body) {
  direct_ = body.pieces;
  direct_size_ = body.size;
  direct_skip_ = 0;
  connection_->session().resume(id_);
  connection_->flush();
  while (direct_size_ > 0) {
    std::string_view piece = direct_.front().substr(direct_skip_);
    direct_size_ -= piece.size();
    direct_skip_ = 0;
    direct_ = direct_.subspan(1);
    keep(piece);
  }
  direct_ = {};
}

void Http2Stream::keep(std::string_view bytes) {
  if (bytes.empty()) return;
  size_t limit = queue_.in_memory() + connection_->output_room();
  if (pace_ == Pace::kSpool) limit = std::min(limit, kOutputHigh);
  queue_.append(bytes, limit);
  count_memory();
}

// The connection knows what its streams keep in memory.
void Http2Stream::count_memory() {
  size_t now = queue_.in_memory();
  connection_->output_memory_changed(std::exchange(counted_memory_, now), now);
}

bool Http2Stream::disk_is_behind() const {
  return queue_.is_behind() || (queue_.is_writing() && connection_->output_room() == 0);
}

bool Http2Stream::room() {
  room_wanted_ = disk_is_behind() || (waits_for_client() && queue_.size() >= kStreamHigh);
  return !room_wanted_;
}

void Http2Stream::on_spooled(const base::Status& outcome) {
  count_memory();
  services_.shared.log_if_not_spooled(outcome);
  if (!waits_for_client() || queue_.size() <= kStreamLow) resume_source();
}

void Http2Stream::tell_room() {
  if (queue_.size() <= kStreamLow) resume_source();
}

void Http2Stream::resume_source() {
  if (!room_wanted_) return;
  room_wanted_ = false;
  if (exchange_) exchange_->on_room();
}

uint64_t Http2Stream::sent_body_bytes() const {
  return body_given_ - std::min(body_given_, waiting());
}

void Http2Stream::cut() {
  cut_ = true;
  if (closed_) return;
  connection_->session().resume(id_);
  connection_->schedule();
}

// --- what the session asks for

http::Http2StreamUser::Offer Http2Stream::offer(size_t most) {
  most_ = most;
  if (!queue_.empty()) return offer_queue(most);
  if (direct_size_ > 0) return offer_direct(most);
  if (file_left_ > 0) return offer_file(most);
  source_ = Source::kNone;
  if (answer_complete_) return {Kind::kData, 0, true};
  return {cut_ ? Kind::kCut : Kind::kWait};
}

http::Http2StreamUser::Offer Http2Stream::offer_queue(size_t most) {
  // Memory that this send() refers to must not be filled anew before it.
  if (!queue_.has_front() && queue_round_ == services_.gather.round()) return {Kind::kFull};
  auto front = queue_.front();
  if (!front) return {Kind::kCut};
  count_memory();
  source_ = Source::kQueue;
  size_t size = std::min(most, front->size());
  return {Kind::kData, size, answer_complete_ && size == waiting()};
}

http::Http2StreamUser::Offer Http2Stream::offer_direct(size_t most) {
  source_ = Source::kDirect;
  size_t size = std::min(most, direct_size_);
  return {Kind::kData, size, answer_complete_ && size == waiting()};
}

http::Http2StreamUser::Offer Http2Stream::offer_file(size_t most) {
  source_ = Source::kFile;
  std::span<char> room = services_.gather.take(std::min<uint64_t>(most, file_left_));
  ssize_t got = base::retry_eintr([&] {
    return ::pread(file_.get(), room.data(), room.size(), static_cast<off_t>(file_offset_));
  });
  // Shorter than the head said.
  if (got <= 0) return {Kind::kCut};
  file_piece_ = room.first(static_cast<size_t>(got));
  return {Kind::kData, file_piece_.size(), file_piece_.size() == waiting()};
}

void Http2Stream::put(size_t size) {
  last_output_ = services_.loop.now();
  connection_->frame_sent(size, most_);
  switch (source_) {
    case Source::kNone:
      return;
    case Source::kQueue:
      services_.gather.add(queue_.front()->substr(0, size));
      queue_round_ = services_.gather.round();
      queue_.consume(size);
      count_memory();
      if (room_wanted_ && queue_.size() <= kStreamLow) connection_->note_room(*this);
      return;
    case Source::kDirect:
      return put_direct(size);
    case Source::kFile:
      services_.gather.add_taken(file_piece_);
      file_offset_ += size;
      file_left_ -= size;
      return;
  }
}

void Http2Stream::put_direct(size_t size) {
  direct_size_ -= size;
  while (size > 0) {
    std::string_view piece = direct_.front().substr(direct_skip_);
    std::string_view part = piece.substr(0, size);
    services_.gather.add(part);
    size -= part.size();
    direct_skip_ += part.size();
    if (part.size() < piece.size()) continue;
    direct_ = direct_.subspan(1);
    direct_skip_ = 0;
  }
}

// --- time

void Http2Stream::arm_write_timer() {
  base::Nanos limit = services_.options().write_timeout;
  if (limit == 0 || write_timer_.armed()) return;
  last_output_ = services_.loop.now();
  services_.loop.timers().arm(write_timer_, last_output_ + limit);
}

// Armed once per stretch of waiting; progress only moves last_output_. A socket that takes nothing
// is the connection's matter; here the client keeps this stream's window shut.
void Http2Stream::on_write_timer() {
  if (closed_ || waiting() == 0) return;
  base::Nanos limit = services_.options().write_timeout;
  base::Nanos now = services_.loop.now();
  bool shut = connection_->session().window(id_) <= 0 || connection_->window_is_shut();
  if (now >= last_output_ + limit && shut && !connection_->blocked()) {
    connection_->session().reset(id_, http::Http2Error::kCancel);
    return connection_->schedule();
  }
  base::Nanos due = now >= last_output_ + limit ? now + limit : last_output_ + limit;
  services_.loop.timers().arm(write_timer_, due);
}

}  // namespace howdah::serve

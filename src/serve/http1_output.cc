// The way out of an HTTP/1 connection: framing, and bytes to the socket.

#include <algorithm>

#include "http/chars.h"
#include "http/http1_writer.h"
#include "http/response_rules.h"
#include "serve/exchange.h"
#include "serve/http1_connection.h"
#include "serve/limits.h"

namespace howdah::serve {
void Http1Connection::send_interim(int status, std::span<const channel::ResponseField> fields) {
  if (answer_begun_ || status < 100 || status > 199 || status == 101) return;
  if (parser_->head().version == http::Version::kHttp10) return;
  std::string& out = services_.scratch;
  out.clear();
  http::append_status_line(out, status);
  for (const channel::ResponseField& field : fields) {
    std::string_view value = http::trim_ows(field.value);
    if (!http::valid_interim_field(field.name, value)) continue;
    http::append_field(out, field.name, value);
  }
  out.append(http::kHeadEnd);
  services_.pieces.clear();
  gather(out);
  send_gathered(false);
}

void Http1Connection::decide_framing(int status, std::optional<uint64_t> length) {
  bool persistent = request_complete_ && parser_->head().keep_alive && !services_.draining &&
                    services_.options().idle_timeout != 0 &&
                    addresses_.entrance != Entrance::kMistaken;
  if (!persistent) close_after_ = true;
  if (!http::status_allows_body(status)) {
    framing_ = Framing::kNone;
  } else if (length) {
    framing_ = Framing::kLength;
  } else if (head_only_) {
    framing_ = Framing::kNone;
  } else if (exchange_ && parser_->head().version != http::Version::kHttp10) {
    framing_ = Framing::kChunked;
  } else {
    framing_ = Framing::kClose;
    close_after_ = true;
  }
}

void Http1Connection::render_head(const AnswerHead& head, std::optional<uint64_t> length) {
  answer_begun_ = true;
  decide_framing(head.status(), length);
  std::string& out = services_.scratch;
  out.clear();
  http::append_status_line(out, head.status());
  head.for_each(
      [&](std::string_view name, std::string_view value) { http::append_field(out, name, value); });
  if (framing_ == Framing::kLength) http::append_field(out, "Content-Length", *length);
  if (framing_ == Framing::kChunked) {
    http::append_field(out, "Transfer-Encoding", std::string_view("chunked"));
  }
  if (close_after_) {
    http::append_field(out, "Connection", std::string_view("close"));
  } else if (parser_->head().version == http::Version::kHttp10) {
    http::append_field(out, "Connection", std::string_view("keep-alive"));
  }
  out.append(http::kHeadEnd);
}

void Http1Connection::start(const AnswerHead& head, std::optional<uint64_t> length, BodyPieces body,
                            Last last) {
  render_head(head, length);
  emit(body, last);
}

void Http1Connection::write(BodyPieces body, Last last) {
  services_.scratch.clear();
  emit(body, last);
}

// Sends services_.scratch, then the body in its framing.
void Http1Connection::emit(BodyPieces body, Last last) {
  if (last == Last::kYes) answer_complete_ = true;
  bool with_body = body.size > 0 && framing_ != Framing::kNone && !head_only_;
  bool chunked = framing_ == Framing::kChunked && !head_only_;
  bool copied = body.size <= kCopiedBytes;
  if (with_body && chunked) http::append_chunk_header(services_.scratch, body.size);
  if (with_body && copied) {
    for (std::string_view piece : body.pieces) services_.scratch.append(piece);
  }
  services_.pieces.clear();
  gather(services_.scratch);
  if (with_body) {
    body_given_ += body.size;
    for (std::string_view piece : body.pieces) {
      if (!copied) gather(piece);
    }
    if (chunked) gather(http::kChunkEnd);
  }
  if (chunked && last == Last::kYes) gather(http::kLastChunk);
  send_gathered(false);
  if (answer_complete_) schedule();
}

void Http1Connection::start_file(const AnswerHead& head, base::UniqueFd file, uint64_t offset,
                                 uint64_t length) {
  render_head(head, length);
  answer_complete_ = true;
  services_.pieces.clear();
  gather(services_.scratch);
  file_ = std::move(file);
  file_offset_ = offset;
  file_left_ = length;
  body_given_ = length;
  send_gathered(true);
  if (queue_.empty()) flush_file();
  schedule();
}

void Http1Connection::gather(std::string_view bytes) {
  if (bytes.empty()) return;
  services_.pieces.push_back({const_cast<char*>(bytes.data()), bytes.size()});
}

// One call when nothing waits; what it leaves is kept.
void Http1Connection::send_gathered(bool more) {
  if (broken_ || services_.pieces.empty()) return;
  if (!queue_.empty() || !writable_) return keep_rest(0);
  ssize_t sent = socket_.send(services_.pieces, more);
  if (sent < 0 && !net::would_block()) return broken();
  keep_rest(sent < 0 ? 0 : static_cast<size_t>(sent));
  // A short send means that the socket is full: the set tells when it is not.
  if (!queue_.empty()) writable_ = false;
}

void Http1Connection::keep_rest(size_t sent) {
  // Held back, the source stops long before this; the rest of what it gave is kept all the same.
  size_t limit = pace_ == Pace::kSpool ? kOutputHigh : ~size_t{0};
  bool kept_any = false;
  for (const iovec& piece : services_.pieces) {
    std::string_view bytes(static_cast<char*>(piece.iov_base), piece.iov_len);
    size_t gone = std::min(sent, bytes.size());
    sent -= gone;
    bytes.remove_prefix(gone);
    if (bytes.empty()) continue;
    kept_any = true;
    queue_.append(bytes, limit);
  }
  if (kept_any && !write_timer_.armed()) note_progress();
}

// A queue that has been emptied while it was written to tells of room by its low mark.
static_assert(kStreamLow < kStreamHigh && kStreamLow < kOutputHigh);

bool Http1Connection::room() {
  room_wanted_ = true;
  if (queue_.is_behind()) return false;
  if (waits_for_client()) {
    room_wanted_ = queue_.size() >= kStreamHigh;
    return !room_wanted_;
  }
  room_wanted_ = patient();
  if (room_wanted_ && !patience_timer_.armed()) {
    wait_began_ = services_.loop.now();
    services_.loop.timers().arm(patience_timer_, wait_began_ + patience_);
  }
  return !room_wanted_;
}

void Http1Connection::on_spooled(const base::Status& outcome) {
  services_.shared.log_if_not_spooled(outcome);
  if (room_wanted_ && !patience_timer_.armed() && !waits_for_client()) resume_source();
}

void Http1Connection::resume_source() {
  room_wanted_ = false;
  if (exchange_) exchange_->on_room();
}

// What a fast client will take in a moment is better left where it is than copied or written to a
// file. Once there is a file it is too late.
bool Http1Connection::patient() const {
  return patience_ > 0 && !queue_.empty() && !queue_.has_file();
}

void Http1Connection::end_wait() {
  if (!patience_timer_.armed()) return;
  services_.loop.timers().cancel(patience_timer_);
  patience_ -= std::min(patience_, services_.loop.now() - wait_began_);
}

void Http1Connection::on_patience() {
  patience_ = 0;
  resume_source();
}

uint64_t Http1Connection::sent_body_bytes() const {
  uint64_t waiting = queue_.size() + file_left_;
  return body_given_ - std::min(body_given_, waiting);
}

void Http1Connection::cut() {
  cut_ = true;
  if (flushed()) broken();
}

void Http1Connection::broken() {
  broken_ = true;
  schedule();
}

void Http1Connection::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  services_.scheduled.push_back(this);
}

// The socket has room, or a turn of work was left.
void Http1Connection::flush() {
  if (!writable_ || broken_ || flushed()) return;
  if (flush_queue() && file_left_ > 0) flush_file();
  if (flushed()) {
    services_.loop.timers().cancel(write_timer_);
    if (cut_) broken();
  }
  if (room_wanted_ && queue_.size() <= (patience_timer_.armed() ? 0 : kStreamLow)) {
    end_wait();
    resume_source();
  }
}

// True when the queue is empty.
bool Http1Connection::flush_queue() {
  size_t turn = 0;
  while (!queue_.empty()) {
    auto bytes = queue_.front();
    if (!bytes) {
      broken();
      return false;
    }
    iovec piece{const_cast<char*>(bytes->data()), bytes->size()};
    ssize_t sent = socket_.send({&piece, 1}, false);
    if (sent < 0) {
      writable_ = false;
      if (!net::would_block()) broken();
      return false;
    }
    queue_.consume(static_cast<size_t>(sent));
    note_progress();
    turn += static_cast<size_t>(sent);
    if (turn >= kFileTurnBytes && !queue_.empty()) {
      schedule();
      return false;
    }
  }
  queue_.reset();
  return true;
}

// True when all of the file is with the kernel.
bool Http1Connection::flush_file() {
  size_t turn = 0;
  while (file_left_ > 0 && writable_ && !broken_) {
    if (turn >= kFileTurnBytes) {
      schedule();
      return false;
    }
    size_t wanted = static_cast<size_t>(std::min<uint64_t>(file_left_, kFileTurnBytes));
    ssize_t sent = socket_.send_file(file_.get(), file_offset_, wanted);
    if (sent < 0 && net::would_block()) {
      writable_ = false;
      if (!write_timer_.armed()) note_progress();
      return false;
    }
    if (sent <= 0) {
      // The file was cut shorter than the head said, or the client has gone.
      broken();
      return false;
    }
    file_offset_ += static_cast<uint64_t>(sent);
    file_left_ -= static_cast<uint64_t>(sent);
    turn += static_cast<size_t>(sent);
    note_progress();
  }
  if (file_left_ == 0) file_.reset();
  return file_left_ == 0;
}

void Http1Connection::note_progress() {
  last_output_ = services_.loop.now();
  base::Nanos limit = services_.options().write_timeout;
  if (limit != 0 && !write_timer_.armed()) {
    services_.loop.timers().arm(write_timer_, last_output_ + limit);
  }
}

// Armed once per stretch of waiting; progress only moves last_output_.
void Http1Connection::on_write_timer() {
  if (flushed()) return;
  base::Nanos due = last_output_ + services_.options().write_timeout;
  if (services_.loop.now() >= due) return close();
  services_.loop.timers().arm(write_timer_, due);
}

}  // namespace howdah::serve

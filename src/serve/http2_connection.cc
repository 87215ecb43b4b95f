#include "serve/http2_connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "serve/limits.h"

namespace howdah::serve {
namespace {

http::Http2Limits limits_of(const ServeOptions& options) {
  return {.max_head = options.max_header_size,
          .max_fields = kHeadFields,
          .max_streams = kStreams,
          .stream_window = kStreamWindow,
          .connection_window = kConnectionWindow,
          .max_continuations = kContinuations,
          .max_waiting_acks = kWaitingFrames,
          .max_sent_head = kSentHeadBytes,
          .max_settings = kSettingsEntries};
}

}  // namespace

Http2Connection::Http2Connection(LoopServices& services) : services_(services) {}

Http2Connection::~Http2Connection() { close(); }

void Http2Connection::open(Client client) {
  socket_ = std::move(client.socket);
  addresses_ = std::move(client.addresses);
  input_ = std::move(client.input);
  state_ = State::kOpen;
  // What has come already may lie in the socket's own buffer.
  readable_ = writable_ = true;
  hung_up_ = input_ended_ = broken_ = flooded_ = stopped_ = draining_ = false;
  guard_.reset(services_.loop.now());
  http::Http2Events& events = *this;
  session_ = std::make_unique<http::Http2Session>(limits_of(services_.options()), events);
  if (!services_.loop.ready_set().add(socket_.fd(), *this)) return close();
  become_idle();
  schedule();
}

void Http2Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  net::TimerWheel& timers = services_.loop.timers();
  timers.cancel(idle_timer_);
  timers.cancel(head_timer_);
  timers.cancel(drain_timer_);
  timers.cancel(blocked_timer_);
  services_.loop.ready_set().remove(socket_.fd(), *this);
  socket_.close();
  let_all_go();
  session_.reset();
  services_.take_back_buffer(input_);
  pending_.release();
  services_.client_gone(addresses_);
  services_.ended.push_back(this);
}

void Http2Connection::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  services_.scheduled.push_back(this);
}

void Http2Connection::run() {
  scheduled_ = false;
  advance();
}

void Http2Connection::on_ready(uint32_t events) {
  constexpr uint32_t kHangUp = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  events = socket_.wakes(events);
  if ((events & (EPOLLIN | kHangUp)) != 0) readable_ = true;
  if ((events & kHangUp) != 0) hung_up_ = true;
  if ((events & EPOLLOUT) != 0) writable_ = true;
  advance();
}

void Http2Connection::advance() {
  turn_bytes_ = 0;
  if (state_ == State::kOpen) {
    receive_all();
    // What the client has reset is not run any more once it hears of anything that it sent later.
    settle();
    flush();
    // Reading may have stopped for want of writing.
    if (readable_ && session_->waiting_frames() < kWaitingFrames) schedule();
    settle();
    conclude();
  }
  if (state_ == State::kLingering) advance_linger();
}

// --- what comes in

void Http2Connection::receive_all() {
  if (!input_.empty()) {
    give_session(input_.view());
    services_.take_back_buffer(input_);
  }
  // A client that does not read what its frames make is not read from either.
  while (!broken_ && session_->waiting_frames() < kWaitingFrames && receive_some()) {
  }
  watch_head();
}

// A connection is not idle while a head comes in: that has a limit of its own.
void Http2Connection::watch_head() {
  net::TimerWheel& timers = services_.loop.timers();
  const base::Nanos limit = services_.options().header_timeout;
  const bool watched = head_timer_.armed();
  if (session_->inside_head() && limit != 0 && !watched) {
    timers.cancel(idle_timer_);
    timers.arm(head_timer_, services_.loop.now() + limit);
  } else if (!session_->inside_head() && watched) {
    timers.cancel(head_timer_);
    if (streams_.empty()) become_idle();
  }
}

bool Http2Connection::receive_some() {
  if (!readable_ || input_ended_) return false;
  if (turn_bytes_ >= kInputTurnBytes) {
    schedule();  // others first; readable_ stays
    return false;
  }
  std::span<char> room = services_.input.prepare(kBodyReadBytes);
  ssize_t got = socket_.receive(room);
  if (got > 0) {
    turn_bytes_ += static_cast<size_t>(got);
    // What comes after an emptied socket is told of. Not so the end, which may have been already.
    bool emptied = !socket_.may_hold_more(static_cast<size_t>(got), room.size());
    if (emptied && !hung_up_) readable_ = false;
    give_session({room.data(), static_cast<size_t>(got)});
    return true;
  }
  readable_ = false;
  if (got == 0) {
    input_ended_ = true;
  } else if (!net::would_block()) {
    broken_ = true;
  }
  return false;
}

void Http2Connection::give_session(std::string_view bytes) {
  in_session_ = true;
  session_->receive(bytes);
  in_session_ = false;
}

http::Http2StreamUser* Http2Connection::open_stream(int32_t id, size_t head_size) {
  if (head_bytes_ + head_size > kConnectionHeadBytes) return nullptr;
  head_bytes_ += head_size;
  services_.loop.timers().cancel(idle_timer_);
  streams_.push_back(services_.acquire_stream());
  Http2Stream& stream = *streams_.back();
  stream.index = streams_.size() - 1;
  stream.open(*this, id, head_size);
  return &stream;
}

bool Http2Connection::on_cost(http::Http2Cost cost, size_t amount) {
  if (guard_.spend(cost, amount, services_.loop.now())) return true;
  if (!flooded_) {
    services_.shared.observer.on_flood(cost);
    services_.shared.log.warn(
        "HTTP/2 connection ended: flood",
        {{"of", std::string_view(name_of(cost))}, {"ip", std::string_view(addresses_.client_ip)}});
  }
  flooded_ = true;
  return false;
}

// --- what goes out

void Http2Connection::frame_sent(size_t size, size_t most) {
  // Smaller than the window allowed, or large enough: not the client's doing.
  constexpr size_t kWorthAFrame = 1 << 10;
  if (size < most || size >= kWorthAFrame) guard_.allow(http::Http2Cost::kWindowUpdate, 2);
}

void Http2Connection::flush() {
  size_t turn = 0;
  send_pending();
  while (!blocked() && !broken_) {
    if (turn >= kFileTurnBytes) return schedule();
    services_.gather.begin();
    in_session_ = true;
    session_->pull(services_.gather);
    in_session_ = false;
    if (services_.gather.empty()) return;
    turn += services_.gather.size();
    send_gathered();
  }
}

void Http2Connection::send_pending() {
  if (pending_.empty() || !writable_ || broken_) return;
  iovec piece{pending_.data(), pending_.size()};
  ssize_t sent = socket_.send({&piece, 1}, false);
  if (sent < 0) {
    writable_ = false;
    if (!net::would_block()) broken_ = true;
    return;
  }
  last_output_ = services_.loop.now();
  pending_.consume(static_cast<size_t>(sent));
  if (!pending_.empty()) {
    writable_ = false;
    return;
  }
  pending_.release();
  services_.loop.timers().cancel(blocked_timer_);
}

void Http2Connection::send_gathered() {
  ssize_t sent = socket_.send(services_.gather.pieces(), false);
  if (sent < 0 && !net::would_block()) {
    broken_ = true;
    return schedule();
  }
  keep_rest(services_.gather.pieces(), sent < 0 ? 0 : static_cast<size_t>(sent));
  if (pending_.empty()) return;
  // A short send means that the socket is full: the set tells when it is not.
  writable_ = false;
  last_output_ = services_.loop.now();
  base::Nanos limit = services_.options().write_timeout;
  if (limit != 0 && !blocked_timer_.armed()) {
    services_.loop.timers().arm(blocked_timer_, last_output_ + limit);
  }
}

void Http2Connection::keep_rest(std::span<const iovec> pieces, size_t sent) {
  for (const iovec& piece : pieces) {
    std::string_view bytes(static_cast<char*>(piece.iov_base), piece.iov_len);
    size_t gone = std::min(sent, bytes.size());
    sent -= gone;
    pending_.append(bytes.substr(gone));
  }
}

// --- streams that have ended

void Http2Connection::settle() {
  tell_room();
  for (Http2Stream* stream : answered_streams_) stream->finish_exchange();
  answered_streams_.clear();
  if (closed_streams_.empty()) return;
  for (Http2Stream* stream : closed_streams_) let_go(*stream);
  closed_streams_.clear();
  if (!streams_.empty()) return;
  // Without keep-alive the connection is for what came at once.
  if (services_.options().idle_timeout == 0) return end_when_idle();
  become_idle();
}

// What a stream is told makes it send, and that can give others room: theirs is the next turn.
void Http2Connection::tell_room() {
  std::swap(with_room_, told_room_);
  for (Http2Stream* stream : told_room_) stream->tell_room();
  told_room_.clear();
  if (!with_room_.empty()) schedule();
}

void Http2Connection::let_go(Http2Stream& stream) {
  stream.end();
  std::erase(with_room_, &stream);
  head_bytes_ -= stream.head_size();
  size_t place = stream.index;
  std::swap(streams_[place], streams_.back());
  streams_[place]->index = place;
  services_.release_stream(std::move(streams_.back()));
  streams_.pop_back();
}

void Http2Connection::let_all_go() {
  with_room_.clear();
  answered_streams_.clear();
  closed_streams_.clear();
  while (!streams_.empty()) let_go(*streams_.back());
}

// --- the end

void Http2Connection::conclude() {
  if (broken_) return close();
  bool said_all = session_->finished() && pending_.empty();
  if (flooded_ && !said_all) return close();
  bool read_all = input_ended_ || (stopped_ && !readable_);
  if (said_all) return read_all ? close() : linger();
  // The client may have closed only its side, and read on; for what is not answered yet nobody
  // waits.
  if (input_ended_ && !sending_last_words()) close();
}

bool Http2Connection::sending_last_words() const {
  if (!pending_.empty()) return true;
  return std::any_of(streams_.begin(), streams_.end(),
                     [](const auto& stream) { return stream->answering(); });
}

void Http2Connection::become_idle() {
  const ServeOptions& options = services_.options();
  base::Nanos limit = options.idle_timeout != 0 ? options.idle_timeout : options.header_timeout;
  if (limit == 0) return;
  services_.loop.timers().arm(idle_timer_, services_.loop.now() + limit);
}

void Http2Connection::on_idle_timer() { state_ == State::kLingering ? close() : end_when_idle(); }

void Http2Connection::end_when_idle() {
  stop_accepting();
  schedule();
}

// A head that has begun keeps every other frame from coming.
void Http2Connection::on_head_timer() {
  session_->end(http::Http2Error::kEnhanceYourCalm);
  schedule();
}

void Http2Connection::on_blocked_timer() {
  base::Nanos due = last_output_ + services_.options().write_timeout;
  if (services_.loop.now() >= due) return close();
  services_.loop.timers().arm(blocked_timer_, due);
}

void Http2Connection::list_requests(std::vector<pool::OpenRequest>& open) const {
  for (const auto& stream : streams_) {
    if (auto request = stream->open_request()) open.push_back(std::move(*request));
  }
}

// RFC 9113 6.8: first that the end is near, so that requests under way are not lost; the last
// stream's number when the client must have read it.
void Http2Connection::drain() {
  if (state_ != State::kOpen || draining_ || stopped_) return;
  draining_ = true;
  session_->announce_end();
  session_->ping();
  services_.loop.timers().arm(drain_timer_, services_.loop.now() + kGoawayGrace);
  schedule();
}

void Http2Connection::on_pong() {
  if (draining_) stop_accepting();
}

void Http2Connection::stop_accepting() {
  if (state_ != State::kOpen || stopped_) return;
  stopped_ = true;
  services_.loop.timers().cancel(drain_timer_);
  session_->stop_accepting();
}

// Closing with bytes unread makes the kernel send a reset, which takes the goodbye from the client.
void Http2Connection::linger() {
  state_ = State::kLingering;
  let_all_go();
  turn_bytes_ = 0;
  net::TimerWheel& timers = services_.loop.timers();
  timers.cancel(head_timer_);
  timers.cancel(drain_timer_);
  timers.arm(idle_timer_, services_.loop.now() + kLingerTime);
  lingered_bytes_ = 0;
  socket_.end_output();
}

void Http2Connection::advance_linger() {
  while (readable_) {
    std::span<char> room = services_.input.prepare(kBodyReadBytes);
    ssize_t got = socket_.receive(room);
    if (got < 0 && net::would_block()) {
      readable_ = false;
      return;
    }
    if (got <= 0) return close();
    lingered_bytes_ += static_cast<size_t>(got);
    if (lingered_bytes_ > kLingerBytes) return close();
  }
}

}  // namespace howdah::serve

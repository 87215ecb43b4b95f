#include "serve/http1_connection.h"

#include <sys/epoll.h>

#include "http/http1_writer.h"
#include "http/http2_session.h"
#include "serve/exchange.h"
#include "serve/limits.h"

namespace howdah::serve {
namespace {

http::Http1Limits limits_of(const ServeOptions& options) {
  http::Http1Limits limits{.max_head = options.max_header_size};
  if (options.max_body_size != 0) limits.max_chunked_body = options.max_body_size;
  return limits;
}

}  // namespace

Http1Connection::Http1Connection(LoopServices& services)
    : services_(services),
      queue_(services.shared.spool, services.loop,
             [this](const base::Status& outcome) { on_spooled(outcome); }) {}

Http1Connection::~Http1Connection() { close(); }

void Http1Connection::open(Client client) {
  socket_ = std::move(client.socket);
  addresses_ = std::move(client.addresses);
  input_ = std::move(client.input);
  hung_up_ = broken_ = cut_ = false;
  readable_ = socket_.holds_input();
  // A new socket's buffer is empty.
  writable_ = true;
  close_after_ = false;
  may_be_http2_ = true;
  parser_.emplace(limits_of(services_.options()));
  become_idle();
  if (!services_.loop.ready_set().add(socket_.fd(), *this)) return close();
  if (!input_.empty() || readable_) schedule();
}

void Http1Connection::close() {
  if (state_ == State::kClosed) return;
  // Where the end of the connection is the end of the answer, only a reset can tell that it was
  // cut.
  bool cut_short = framing_ == Framing::kClose && answer_begun_ && !(answer_complete_ && flushed());
  state_ = State::kClosed;
  services_.loop.timers().cancel(timer_);
  services_.loop.timers().cancel(write_timer_);
  services_.loop.timers().cancel(patience_timer_);
  services_.loop.ready_set().remove(socket_.fd(), *this);
  cut_short ? socket_.abort() : socket_.close();
  end_exchange();
  parser_.reset();
  services_.take_back_buffer(input_);
  queue_.reset();
  file_.reset();
  file_left_ = 0;
  services_.client_gone(addresses_);
  services_.ended.push_back(this);
}

void Http1Connection::run() {
  scheduled_ = false;
  if (state_ == State::kClosed) return;
  flush();
  advance();
}

void Http1Connection::list_requests(std::vector<pool::OpenRequest>& open) const {
  if (!exchange_) return;
  if (auto request = exchange_->open_request()) open.push_back(std::move(*request));
}

void Http1Connection::drain() {
  if (state_ != State::kIdle) return;
  // A request that has arrived already is answered; without one this closes.
  if (input_.empty()) readable_ = true;
  advance();
}

void Http1Connection::on_ready(uint32_t events) {
  constexpr uint32_t kHangUp = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  events = socket_.wakes(events);
  if ((events & (EPOLLIN | kHangUp)) != 0) readable_ = true;
  if ((events & kHangUp) != 0) hung_up_ = true;
  if ((events & EPOLLOUT) != 0) {
    writable_ = true;
    flush();
  }
  advance();
}

// Goes on until the client or the exchange has to do something.
void Http1Connection::advance() {
  int answered = 0;
  turn_bytes_ = 0;
  for (;;) {
    if (broken_) return close();
    Go go = Go::kWait;
    switch (state_) {
      case State::kIdle:
      case State::kHead:
      case State::kBody:
      case State::kDiscard:
        go = may_be_http2_ ? advance_preface() : advance_request();
        break;
      case State::kAnswering:
        go = advance_answer();
        if (go == Go::kOn && ++answered == kExchangesPerTurn) {
          schedule();
          return;
        }
        break;
      case State::kLingering:
        go = advance_linger();
        break;
      case State::kClosed:
        return;
    }
    if (go == Go::kWait && !broken_) return;
  }
}

// --- the request

// RFC 9113 3.3: a client that knows of HTTP/2 begins with its preface.
Http1Connection::Go Http1Connection::advance_preface() {
  std::string_view begun = input_.view().substr(0, http::kHttp2Preface.size());
  if (begun == http::kHttp2Preface) {
    hand_on(Protocol::kHttp2);
    return Go::kWait;
  }
  if (http::kHttp2Preface.starts_with(begun)) return need_more();
  may_be_http2_ = false;
  return Go::kOn;
}

// The client's next connection counts it on; this one ends without a trace.
void Http1Connection::hand_on(Protocol protocol) {
  state_ = State::kClosed;
  services_.loop.timers().cancel(timer_);
  services_.loop.ready_set().remove(socket_.fd(), *this);
  parser_.reset();
  services_.handed_on.push_back(
      {protocol, {std::move(socket_), std::move(addresses_), std::move(input_)}});
  services_.ended.push_back(this);
}

Http1Connection::Go Http1Connection::advance_request() {
  http::Step step = parser_->step(input_.view());
  switch (step.event) {
    case http::Event::kNeedMore:
      input_.consume(step.consumed);
      return need_more();
    case http::Event::kHead:
      return on_head(step.consumed);
    case http::Event::kBody:
      return on_body(step.body, step.consumed);
    case http::Event::kEnd:
      input_.consume(step.consumed);
      request_complete_ = true;
      begin_answer();
      exchange_->on_request_end();
      return Go::kOn;
    case http::Event::kError:
      return on_request_error();
  }
  return Go::kWait;
}

Http1Connection::Go Http1Connection::need_more() {
  if (state_ == State::kIdle && (parser_->head_begun() || (may_be_http2_ && !input_.empty()))) {
    state_ = State::kHead;
    arm(services_.options().header_timeout);
  }
  bool body = state_ == State::kBody || state_ == State::kDiscard;
  State before = state_;
  if (receive(body ? kBodyReadBytes : kReadBytes / 16)) return Go::kOn;
  if (state_ != before) return Go::kOn;
  // Who has to wait for the client has no buffer meanwhile.
  if (input_.empty()) services_.take_back_buffer(input_);
  if (state_ == State::kIdle && services_.draining && !readable_) close();
  return Go::kWait;
}

Http1Connection::Go Http1Connection::on_head(size_t head_size) {
  exchange_ = services_.acquire_exchange();
  http::RequestHead& head = parser_->head();
  head_only_ = head.method == "HEAD";
  auto plan = exchange_->begin(head, input_.view().substr(0, head_size), addresses_, *this);
  input_.consume(head_size);
  body_bytes_ = 0;
  bool body = head.framing == http::BodyFraming::kChunked ||
              (head.framing == http::BodyFraming::kLength && head.content_length > 0);
  if (!body) {
    state_ = State::kBody;  // kEnd is next
    return Go::kOn;
  }
  body_pace_.begin(services_.loop.now());
  arm(services_.options().body_timeout);
  if (plan == Exchange::BodyPlan::kGather) {
    state_ = State::kBody;
    if (head.expect_continue && input_.empty()) {
      services_.pieces.clear();
      gather(http::kContinueResponse);
      send_gathered(false);
    }
    return Go::kOn;
  }
  state_ = State::kDiscard;
  bool now = plan == Exchange::BodyPlan::kRefuse || head.expect_continue;
  if (now || head.content_length > kDiscardBytes) {
    begin_answer();
    exchange_->on_request_end();
  }
  return Go::kOn;
}

Http1Connection::Go Http1Connection::on_body(std::string_view bytes, size_t consumed) {
  body_bytes_ += bytes.size();
  if (state_ == State::kBody) {
    exchange_->on_body(bytes);
    // Refused: too large, or nowhere to put it.
    if (answer_begun_) begin_answer();
  } else if (body_bytes_ > kDiscardBytes) {
    begin_answer();
    exchange_->on_request_end();
  }
  input_.consume(consumed);
  return Go::kOn;
}

Http1Connection::Go Http1Connection::on_request_error() {
  refuse(parser_->refusal().status, parser_->refusal().reason);
  return Go::kOn;
}

// Answers a request that is not complete and never will be; the connection ends after it.
void Http1Connection::refuse(int status, const char* why) {
  if (!exchange_) {
    exchange_ = services_.acquire_exchange();
    head_only_ = false;
    exchange_->begin_refused(addresses_, *this);
  }
  begin_answer();
  exchange_->refuse(status, why);
}

bool Http1Connection::receive(size_t wanted) {
  if (!readable_) return false;
  if (turn_bytes_ >= kInputTurnBytes) {
    schedule();  // others first; readable_ stays
    return false;
  }
  services_.lend_buffer(input_);
  std::span<char> room = input_.prepare(wanted);
  ssize_t got = socket_.receive(room);
  if (got > 0) {
    input_.commit(static_cast<size_t>(got));
    turn_bytes_ += static_cast<size_t>(got);
    body_pace_.note(services_.loop.now());
    // What comes after an emptied socket is told of. Not so the end, which may have been already.
    bool emptied = !socket_.may_hold_more(static_cast<size_t>(got), room.size());
    if (emptied && !hung_up_) readable_ = false;
    return true;
  }
  readable_ = false;
  if (got < 0 && net::would_block()) return false;
  if (got < 0) {
    close();
  } else {
    on_end_of_input();
  }
  return false;
}

void Http1Connection::on_end_of_input() {
  hung_up_ = true;
  bool inside_body = state_ == State::kBody || state_ == State::kDiscard;
  // The client may have closed only its side, and read on.
  if (inside_body) return refuse(400, "body cut short");
  close();
}

// --- the answer

void Http1Connection::begin_answer() {
  state_ = State::kAnswering;
  services_.loop.timers().cancel(timer_);
}

Http1Connection::Go Http1Connection::advance_answer() {
  if (answer_complete_ && flushed()) {
    finish_exchange();
    return Go::kOn;
  }
  // The client has left: nobody waits for what PHP would say.
  if (hung_up_ && !answer_complete_) close();
  return Go::kWait;
}

void Http1Connection::end_exchange() {
  if (!exchange_) return;
  exchange_->finish();
  services_.release_exchange(std::move(exchange_));
}

void Http1Connection::finish_exchange() {
  end_exchange();
  if (close_after_) {
    bool unread = !request_complete_ || !input_.empty() || readable_;
    if (unread) return linger();
    return close();
  }
  if (services_.draining && input_.empty()) return close();
  parser_->use_limits(limits_of(services_.options()));
  parser_->next_request();
  become_idle();
}

void Http1Connection::become_idle() {
  state_ = State::kIdle;
  request_complete_ = answer_begun_ = answer_complete_ = false;
  room_wanted_ = head_only_ = false;
  pace_ = Pace::kSpool;
  patience_ = kPatience;
  body_given_ = 0;
  services_.loop.timers().cancel(write_timer_);
  services_.loop.timers().cancel(patience_timer_);
  if (input_.empty()) services_.take_back_buffer(input_);
  const ServeOptions& options = services_.options();
  arm(options.idle_timeout != 0 ? options.idle_timeout : options.header_timeout);
}

// Closing with bytes unread makes the kernel send a reset, which takes the answer from the client.
void Http1Connection::linger() {
  state_ = State::kLingering;
  body_bytes_ = 0;
  socket_.end_output();
  arm(kLingerTime);
}

Http1Connection::Go Http1Connection::advance_linger() {
  body_bytes_ += input_.size();
  input_.clear();
  if (body_bytes_ > kLingerBytes) {
    close();
    return Go::kWait;
  }
  return receive(kBodyReadBytes) ? Go::kOn : Go::kWait;
}

// --- time

void Http1Connection::arm(base::Nanos limit) {
  if (limit == 0) return services_.loop.timers().cancel(timer_);
  services_.loop.timers().arm(timer_, services_.loop.now() + limit);
}

void Http1Connection::on_timer() {
  switch (state_) {
    case State::kHead:
      refuse(408, "HEADER_TIMEOUT_SECS");
      return advance();
    case State::kBody:
    case State::kDiscard:
      return on_body_timer();
    case State::kIdle:
    case State::kLingering:
      return close();
    case State::kAnswering:
    case State::kClosed:
      return;
  }
}

void Http1Connection::on_body_timer() {
  base::Nanos limit = services_.options().body_timeout;
  auto next = body_pace_.next_look(services_.loop.now(), limit, body_bytes_);
  if (next) return services_.loop.timers().arm(timer_, *next);
  refuse(408, "BODY_TIMEOUT");
  advance();
}

}  // namespace howdah::serve

#include "serve/http2_stream.h"

#include <algorithm>
#include <utility>

#include "serve/http2_connection.h"
#include "serve/limits.h"

namespace howdah::serve {

Http2Stream::Http2Stream(LoopServices& services)
    : services_(services),
      queue_(services.shared.spool, services.loop,
             [this](const base::Status& outcome) { on_spooled(outcome); }) {}

Http2Stream::~Http2Stream() = default;

void Http2Stream::open(Http2Connection& connection, int32_t id, size_t head_size) {
  connection_ = &connection;
  id_ = id;
  head_size_ = head_size;
  closed_ = wants_body_ = request_ended_ = lingering_ = false;
  head_only_ = without_body_ = answer_begun_ = answer_complete_ = false;
  cut_ = room_wanted_ = false;
  pace_ = Pace::kSpool;
  source_ = Source::kNone;
  body_bytes_ = body_given_ = 0;
  queue_round_ = 0;
}

void Http2Stream::end() {
  services_.loop.timers().cancel(body_timer_);
  finish_exchange();
}

void Http2Stream::finish_exchange() {
  services_.loop.timers().cancel(write_timer_);
  if (exchange_) {
    exchange_->finish();
    services_.release_exchange(std::move(exchange_));
  }
  connection_->body_memory_changed(std::exchange(body_in_memory_, 0), 0);
  queue_.reset();
  count_memory();
  direct_ = {};
  direct_size_ = 0;
  file_.reset();
  file_left_ = 0;
}

// A reset that comes right behind the answer makes clients forget the answer.
void Http2Stream::on_answered_early() {
  lingering_ = true;
  services_.loop.timers().arm(body_timer_, services_.loop.now() + kLingerTime);
  connection_->stream_answered(*this);
}

void Http2Stream::on_closed(http::Http2Error) {
  closed_ = true;
  connection_->stream_closed(*this);
}

// --- the request

void Http2Stream::on_request(http::Http2HeadReader& request, bool ends_stream) {
  std::swap(head_, request.head());
  head_only_ = head_.method == "HEAD";
  exchange_ = services_.acquire_exchange();
  auto plan = exchange_->begin(head_, request.bytes(), connection_->addresses(), *this);
  if (ends_stream) return end_request();
  begin_body(plan);
}

void Http2Stream::on_refused(http::Http2HeadReader& request) {
  head_only_ = request.head().method == "HEAD";
  exchange_ = services_.acquire_exchange();
  exchange_->begin_refused(connection_->addresses(), *this, http::Version::kHttp2);
  request_ended_ = true;
  exchange_->refuse(request.refusal().status, request.refusal().reason);
}

void Http2Stream::begin_body(Exchange::BodyPlan plan) {
  base::Nanos began = services_.loop.now();
  base::Nanos limit = services_.options().body_timeout;
  body_pace_.begin(began);
  if (limit != 0) services_.loop.timers().arm(body_timer_, began + limit);
  wants_body_ = plan == Exchange::BodyPlan::kGather;
  if (wants_body_) {
    if (head_.expect_continue) send_interim(100, {});
    return;
  }
  bool now = plan == Exchange::BodyPlan::kRefuse || head_.expect_continue;
  if (now || head_.content_length > kDiscardBytes) end_request();
}

void Http2Stream::on_body(std::string_view bytes) {
  body_bytes_ += bytes.size();
  body_pace_.note(services_.loop.now());
  if (wants_body_) {
    gather_body(bytes);
  } else if (!request_ended_ && body_bytes_ > kDiscardBytes) {
    end_request();
  }
  // What nobody takes is not asked for.
  bool more = wants_body_ || !request_ended_;
  http::Http2Session& session = connection_->session();
  more ? session.consume(id_, bytes.size()) : session.consume_connection(bytes.size());
}

void Http2Stream::gather_body(std::string_view bytes) {
  exchange_->on_body(bytes);
  size_t kept = exchange_->body_in_memory();
  if (connection_->body_memory_is_full(kept - std::min(kept, body_in_memory_))) {
    exchange_->spill_body();
    kept = exchange_->body_in_memory();
  }
  connection_->body_memory_changed(std::exchange(body_in_memory_, kept), kept);
  if (!answer_begun_) return;
  // Refused: too large, or nowhere to put it.
  wants_body_ = false;
  request_ended_ = true;
  services_.loop.timers().cancel(body_timer_);
}

void Http2Stream::on_end() {
  if (!request_ended_) end_request();
}

void Http2Stream::end_request() {
  request_ended_ = true;
  wants_body_ = false;
  services_.loop.timers().cancel(body_timer_);
  exchange_->on_request_end();
}

void Http2Stream::on_body_timer() {
  if (lingering_) {
    connection_->session().reset(id_, http::Http2Error::kNone);
    return connection_->schedule();
  }
  base::Nanos limit = services_.options().body_timeout;
  auto next = body_pace_.next_look(services_.loop.now(), limit, body_bytes_);
  if (next) return services_.loop.timers().arm(body_timer_, *next);
  request_ended_ = true;
  wants_body_ = false;
  exchange_->refuse(408, "BODY_TIMEOUT");
}

}  // namespace howdah::serve

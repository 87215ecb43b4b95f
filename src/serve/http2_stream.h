#pragma once

// One stream of an HTTP/2 connection: its request on the way to an exchange, the exchange's answer
// on the way to the client.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "http/http2_session.h"
#include "http/message.h"
#include "net/timer_wheel.h"
#include "serve/body_pace.h"
#include "serve/exchange.h"
#include "serve/output_queue.h"
#include "serve/response_stream.h"
#include "serve/services.h"

namespace howdah::serve {

class Http2Connection;

// Owned by its connection from open() to end(), by LoopServices in between. The answer's bytes wait
// in the queue, in a static file, or (inside a write()) where the exchange has them, until the
// session asks for them: frame by frame, as the client's windows allow.
class Http2Stream final : public http::Http2StreamUser, private ResponseStream {
 public:
  explicit Http2Stream(LoopServices& services);
  ~Http2Stream() override;

  void open(Http2Connection& connection, int32_t id, size_t head_size);
  // Over: the exchange reports, everything is given back.
  void end();
  // The exchange is over; the stream is there for what the client still sends.
  void finish_exchange();
  // All of the answer is here, and not yet with the client.
  bool answering() const { return exchange_ && !exchange_->pending(); }
  // See Exchange::open_request().
  std::optional<pool::OpenRequest> open_request() const {
    return exchange_ ? exchange_->open_request() : std::nullopt;
  }
  // After Http2Connection::note_room().
  void tell_room();
  size_t head_size() const { return head_size_; }

  size_t index = 0;  // where the connection keeps it

 private:
  // --- http2_stream.cc: what comes in
  void on_request(http::Http2HeadReader& request, bool ends_stream) override;
  void on_refused(http::Http2HeadReader& request) override;
  void on_body(std::string_view bytes) override;
  void on_end() override;
  void on_answered_early() override;
  void on_closed(http::Http2Error reason) override;
  void begin_body(Exchange::BodyPlan plan);
  void gather_body(std::string_view bytes);
  void end_request();
  void on_body_timer();

  // --- http2_stream_output.cc: what goes out
  void send_interim(int status, std::span<const channel::ResponseField> fields) override;
  void start(const AnswerHead& head, std::optional<uint64_t> length, BodyPieces body,
             Last last) override;
  void write(BodyPieces body, Last last) override;
  void start_file(const AnswerHead& head, base::UniqueFd file, uint64_t offset,
                  uint64_t length) override;
  void cut() override;
  void set_pace(Pace pace) override { pace_ = pace; }
  bool room() override;
  uint64_t sent_body_bytes() const override;

  Offer offer(size_t most) override;
  void put(size_t size) override;
  Offer offer_queue(size_t most);
  Offer offer_direct(size_t most);
  Offer offer_file(size_t most);
  void put_direct(size_t size);
  void send_head(const AnswerHead& head, std::optional<uint64_t> length,
                 http::Http2Session::Body body);
  void emit(BodyPieces body, Last last);
  void send_directly(BodyPieces body);
  void keep(std::string_view bytes);
  void count_memory();
  void on_spooled(const base::Status& outcome);
  void resume_source();
  bool waits_for_client() const { return pace_ == Pace::kHoldBack || queue_.spool_failed(); }
  bool disk_is_behind() const;
  uint64_t waiting() const { return queue_.size() + direct_size_ + file_left_; }
  void arm_write_timer();
  void on_write_timer();

  LoopServices& services_;
  Http2Connection* connection_ = nullptr;
  int32_t id_ = 0;
  bool closed_ = false;  // the session knows it no more

  // The request.
  size_t head_size_ = 0;
  http::RequestHead head_;
  std::unique_ptr<Exchange> exchange_;
  bool wants_body_ = false;
  bool request_ended_ = false;
  bool lingering_ = false;
  uint64_t body_bytes_ = 0;
  size_t body_in_memory_ = 0;
  BodyPace body_pace_;
  net::MemberTimer<Http2Stream, &Http2Stream::on_body_timer> body_timer_{*this};

  // The answer.
  enum class Source : uint8_t { kNone, kQueue, kDirect, kFile };
  Pace pace_ = Pace::kSpool;
  Source source_ = Source::kNone;  // of what was offered
  bool head_only_ = false;
  bool without_body_ = false;
  bool answer_begun_ = false;
  bool answer_complete_ = false;
  bool cut_ = false;
  bool room_wanted_ = false;
  OutputQueue queue_;
  size_t counted_memory_ = 0;  // of the queue
  uint64_t queue_round_ = 0;   // of the Gather that refers to the queue's memory
  std::span<const std::string_view> direct_;
  size_t direct_size_ = 0;
  size_t direct_skip_ = 0;  // of the first piece
  base::UniqueFd file_;
  uint64_t file_offset_ = 0;
  uint64_t file_left_ = 0;
  std::span<const char> file_piece_;
  size_t most_ = 0;  // that the window allowed at the last offer
  uint64_t body_given_ = 0;
  base::Nanos last_output_ = 0;
  net::MemberTimer<Http2Stream, &Http2Stream::on_write_timer> write_timer_{*this};
};

}  // namespace howdah::serve

#pragma once

// One HTTP/1 client connection: bytes in, requests one after another, answers in the same order.

#include <cstdint>
#include <memory>
#include <optional>

#include "base/buffer.h"
#include "http/http1_parser.h"
#include "serve/body_pace.h"
#include "serve/connection.h"
#include "serve/output_queue.h"
#include "serve/response_stream.h"
#include "serve/services.h"

namespace howdah::serve {

class Exchange;

// A request that waits behind another waits in the kernel: nothing is read while an exchange is
// under way. Nothing here is called back from inside a call to it: what ends a connection in the
// midst of an answer only schedules run().
class Http1Connection final : public Connection, private ResponseStream {
 public:
  explicit Http1Connection(LoopServices& services);
  ~Http1Connection() override;

  Protocol protocol() const override { return Protocol::kHttp1; }
  void open(Client client) override;
  void run() override;
  bool scheduled() const override { return scheduled_; }
  void drain() override;
  void close() override;
  void list_requests(std::vector<pool::OpenRequest>& open) const override;

 private:
  enum class State {
    kIdle,       // no byte of a request yet
    kHead,       // inside a request's head
    kBody,       // inside a body that the exchange takes
    kDiscard,    // inside a body that nobody wants
    kAnswering,  // the request is complete, or answered before it was
    kLingering,  // the answer is out; what still comes is dropped, so that it can be read
    kClosed,
  };
  enum class Go { kOn, kWait };

  // --- http1_connection.cc: what comes in
  void on_ready(uint32_t events) override;
  void advance();
  Go advance_preface();
  Go advance_request();
  Go advance_answer();
  Go advance_linger();
  Go on_head(size_t head_size);
  Go on_body(std::string_view bytes, size_t consumed);
  Go on_request_error();
  Go need_more();
  void hand_on(Protocol protocol);
  void begin_answer();
  // False when there is nothing to read now, or the connection's state has changed.
  bool receive(size_t wanted);
  void on_end_of_input();
  void refuse(int status, const char* why);
  void finish_exchange();
  void end_exchange();
  void become_idle();
  void linger();
  void arm(base::Nanos limit);
  void on_timer();
  void on_body_timer();

  // --- http1_output.cc: what goes out
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

  void render_head(const AnswerHead& head, std::optional<uint64_t> length);
  void decide_framing(int status, std::optional<uint64_t> length);
  void emit(BodyPieces body, Last last);
  void gather(std::string_view bytes);
  void send_gathered(bool more);
  void keep_rest(size_t sent);
  void flush();
  bool flush_queue();
  bool flush_file();
  void broken();
  void schedule();
  bool flushed() const { return queue_.empty() && file_left_ == 0; }
  void note_progress();
  void on_write_timer();
  void on_spooled(const base::Status& outcome);
  void resume_source();
  bool waits_for_client() const { return pace_ == Pace::kHoldBack || queue_.spool_failed(); }
  bool patient() const;
  void end_wait();
  void on_patience();

  LoopServices& services_;
  State state_ = State::kClosed;
  net::ClientSocket socket_;
  bool readable_ = false;
  bool hung_up_ = false;  // the client sends no more
  bool writable_ = false;
  bool scheduled_ = false;
  bool broken_ = false;        // to be closed at the next run()
  bool cut_ = false;           // likewise, once what waits has been sent
  bool may_be_http2_ = false;  // nothing has come but the beginning of HTTP/2's preface

  // The request.
  base::Buffer input_;
  std::optional<http::Http1RequestParser> parser_;  // while open
  std::unique_ptr<Exchange> exchange_;
  bool request_complete_ = false;
  bool head_only_ = false;
  uint64_t body_bytes_ = 0;  // read of the present body, or while lingering
  BodyPace body_pace_;
  net::MemberTimer<Http1Connection, &Http1Connection::on_timer> timer_{*this};

  // The answer.
  enum class Framing : uint8_t {
    kNone,     // no body
    kLength,   // as Content-Length says
    kChunked,  // in chunks
    kClose,    // until the connection ends
  };
  Framing framing_ = Framing::kNone;
  Pace pace_ = Pace::kSpool;
  bool answer_begun_ = false;
  size_t turn_bytes_ = 0;  // received in this turn
  bool answer_complete_ = false;
  bool close_after_ = false;
  bool room_wanted_ = false;
  // For how long this answer's script may yet be held back for the client.
  base::Nanos patience_ = 0;
  base::Nanos wait_began_ = 0;
  net::MemberTimer<Http1Connection, &Http1Connection::on_patience> patience_timer_{*this};
  OutputQueue queue_;
  base::UniqueFd file_;
  uint64_t file_offset_ = 0;
  uint64_t file_left_ = 0;
  uint64_t body_given_ = 0;
  base::Nanos last_output_ = 0;
  net::MemberTimer<Http1Connection, &Http1Connection::on_write_timer> write_timer_{*this};

  ConnectionAddresses addresses_;
};

}  // namespace howdah::serve

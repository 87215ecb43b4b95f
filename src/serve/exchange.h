#pragma once

// One request and its answer, whichever version of HTTP carries it: checks, routing, the body on
// its way to PHP, PHP's answer on its way to the client, deadlines, errors, the report at the end.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "channel/request_codec.h"
#include "http/message.h"
#include "http/path.h"
#include "http/trace_context.h"
#include "pool/job.h"
#include "serve/answer_head.h"
#include "serve/cgi.h"
#include "serve/observer.h"
#include "serve/request_body.h"
#include "serve/response_stream.h"
#include "serve/router.h"
#include "serve/services.h"
#include "serve/static_encoder.h"

namespace howdah::serve {

// How a static file is sent.
struct FileCoding {
  // The answer would have been another for another Accept-Encoding.
  bool varies = false;
  base::ContentCoding coding = base::ContentCoding::kIdentity;
  StaticEncoder::Body body;  // null for a coding: it has yet to be made
};
// The tag of an encoded file: `etag`, which is strong, with the coding in it.
void append_coding(std::string& etag, base::ContentCoding coding);

// Reused: begin() or begin_refused() starts one exchange, finish() ends it. Belongs to a connection
// or stream, which sees to it that no answer is sent twice; its loop's thread only.
//
// The owner calls begin() with the head, on_body() and on_request_end() as they come, finish() when
// the answer is with the kernel or will never be. The exchange answers from inside these calls or
// later from the pool's callbacks.
class Exchange final : private pool::AnswerConsumer, private EncodingWaiter {
 public:
  explicit Exchange(LoopServices& services);
  ~Exchange() override;

  // What the owner is to do with the request's body.
  enum class BodyPlan {
    kGather,   // give it to on_body()
    kDiscard,  // nobody needs it; on_request_end() may come before it has been read
    kRefuse,   // too large: on_request_end() comes now, and the connection ends after the answer
  };
  // `bytes` is the memory that `head` points into; the exchange copies it and moves the views over.
  // `head` stays the owner's and outlives the exchange.
  BodyPlan begin(http::RequestHead& head, std::string_view bytes,
                 const ConnectionAddresses& addresses, ResponseStream& stream);
  // An exchange about a request that could not be read; refuse() follows.
  void begin_refused(const ConnectionAddresses& addresses, ResponseStream& stream);

  void on_body(std::string_view bytes);
  void on_request_end();
  // Answers with an error instead of going on: before anything was answered. `why` is a literal.
  void refuse(int status, const char* why);
  // After ResponseStream::room() said no.
  void on_room();
  // Over: answered, or the client has gone. Reports, and lets go of everything.
  void finish();

  // The stream does not have all of the answer yet.
  bool pending() const { return state_ != State::kAnswered && state_ != State::kIdle; }

 private:
  enum class State {
    kIdle,       // between exchanges
    kReceiving,  // the request is not complete
    kWaiting,    // the pool has the job and has not answered
    kEncoding,   // a thread encodes the file that will be sent
    kHolding,    // the answer's head is here; its body is gathered to learn its length
    kStreaming,  // the head is out
    kDropping,   // the answer is of no use any more; what PHP still says is dropped
    kAnswered,   // the stream has all of the answer
  };
  enum class Plan {
    kError,     // error_status_
    kOptions,   // OPTIONS *
    kRedirect,  // to the directory's name with a slash
    kFile,
    kScript,
  };

  // --- exchange.cc: the request
  void reset();
  void identify(std::string_view traceparent, std::string_view request_id);
  Plan plan(const ConnectionAddresses& addresses);
  Plan plan_error(int status, const char* why);
  Plan plan_target();
  void submit();
  void on_deadline();
  void on_queue_deadline();
  void end_job();
  void report();

  // --- exchange_answer.cc: answers made here, and what PHP answers
  void begin_head(int status);
  void add_identity();
  void add_configured();
  void send_error(int status, const char* why);
  void send_text(std::string_view content_type, std::string_view text);
  void send_options();
  void send_redirect();
  void send_file();
  void send_open_file(base::UniqueFd file, uint64_t size, base::Nanos modified);

  // --- exchange_encoding.cc: static files for clients that take encoded ones
  base::ContentCoding coding_for_file(uint64_t size) const;
  FileCoding look_for_encoded(uint64_t size, base::Nanos modified);
  // True: send_file() is called again when the body that look_for_encoded() missed was made.
  bool wait_for_encoded(const base::UniqueFd& file);
  void on_encoded() override;
  void stop_waiting_for_encoded();

  size_t on_answer(const pool::AnswerPart& part) override;
  void on_lost(pool::Loss loss) override;
  bool take_head(const channel::ResponseHead& head);
  void take_field(std::string_view name, std::string_view value);
  size_t take_body(const pool::AnswerPart& part);
  size_t hold(const pool::AnswerPart& part);
  size_t pass_on(const pool::AnswerPart& part);
  size_t break_promise(const pool::AnswerPart& part);
  void start_stream(const pool::AnswerPart& part);
  void send_whole(const pool::AnswerPart& part);

  const ServeOptions& options() const { return services_.shared.options; }
  base::LogContext ids() const { return {request_id_, trace_.trace(), trace_.span()}; }

  LoopServices& services_;
  State state_ = State::kIdle;
  Plan plan_ = Plan::kError;

  // The request.
  http::RequestHead* head_ = nullptr;
  ResponseStream* stream_ = nullptr;
  const ConnectionAddresses* addresses_ = nullptr;
  std::string head_bytes_;
  std::string path_;
  http::TargetParts target_;
  Route route_;
  RequestBody body_;
  http::TraceContext trace_{};
  std::string request_id_;
  std::string traceparent_;
  AdmissionDecision admission_;
  int error_status_ = 0;
  base::Nanos started_at_ = 0;

  // The job.
  pool::Job job_;
  bool job_active_ = false;
  bool room_wanted_ = false;
  channel::RequestEncoder encoder_;
  net::MemberTimer<Exchange, &Exchange::on_deadline> deadline_{*this};
  net::MemberTimer<Exchange, &Exchange::on_queue_deadline> queue_deadline_{*this};

  // The answer.
  AnswerHead answer_;
  std::string content_type_;
  std::optional<uint64_t> declared_length_;
  bool event_stream_ = false;
  base::Buffer held_;
  uint64_t passed_on_ = 0;
  std::vector<std::string_view> pieces_;
  std::string scratch_;

  // The encoded file that is looked for or waited for.
  EncodedKey encoded_key_;
  StaticEncoder::TicketPtr encoding_;
  bool waited_for_encoding_ = false;

  // For the report.
  int status_ = 0;
  bool timed_out_ = false;
  bool dropped_ = false;
  int64_t worker_ = -1;
  channel::EndInfo end_info_;
  const char* error_ = "";
};

}  // namespace howdah::serve

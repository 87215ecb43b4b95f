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
#include "http/ranges.h"
#include "http/trace_context.h"
#include "pool/job.h"
#include "pool/open_request.h"
#include "serve/answer_head.h"
#include "serve/cgi.h"
#include "serve/observer.h"
#include "serve/origin.h"
#include "serve/request_body.h"
#include "serve/request_profile.h"
#include "serve/response_stream.h"
#include "serve/router.h"
#include "serve/services.h"
#include "serve/static_encoder.h"

namespace howdah::serve {

// The tag of an encoded file: `etag`, which is strong, with the coding in it.
void append_coding(std::string& etag, base::ContentCoding coding);

// Reused: begin() or begin_refused() starts one exchange, finish() ends it. Belongs to a connection
// or stream, which sees to it that no answer is sent twice; its loop's thread only.
//
// The owner calls begin() with the head, on_body() and on_request_end() as they come, finish() when
// the answer is with the kernel or will never be. The exchange answers from inside these calls or
// later from the pool's callbacks.
class Exchange final : private pool::AnswerConsumer,
                       private EncodingWaiter,
                       private AdmissionWaiter {
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
  void begin_refused(const ConnectionAddresses& addresses, ResponseStream& stream,
                     http::Version version = http::Version::kHttp11);

  void on_body(std::string_view bytes);
  // What of the body lies in memory, until its end; the spool takes it when the owner has too much
  // of that over all of its exchanges.
  size_t body_in_memory() const { return body_.memory().size(); }
  void spill_body();
  void on_request_end();
  // Answers with an error instead of going on: before anything was answered. `why` is a literal.
  void refuse(int status, const char* why);
  // After ResponseStream::room() said no.
  void on_room();
  // Over: answered, or the client has gone. Reports, and lets go of everything.
  void finish();

  // For those of LoopServices::listening_browsers: one more event; the end of the answer.
  void tell_browser(std::string_view event);
  void end_telling();

  // What the log says of it when nobody waits any longer: nothing when a pool has the request, and
  // of one that could not be read.
  std::optional<pool::OpenRequest> open_request() const;

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
    kRanges,     // the head of a file's answer is out, its ranges follow one by one
    kEncoded,    // the same of an encoded file and its pieces
    kTelling,    // a browser listens for changes of the site
    kDropping,   // the answer is of no use any more; what PHP still says is dropped
    kAnswered,   // the stream has all of the answer
  };
  enum class Plan {
    kError,     // error_status_
    kOptions,   // OPTIONS *
    kRedirect,  // to the directory's name with a slash
    kToHttps,   // to the same at the port that speaks TLS
    kMistaken,  // this is that port, and the client does not
    kFile,
    kScript,
    kReloadScript,  // what the tag on pages asks for (live_reload.h)
    kReloadEvents,  // likewise
  };

  // A script's word that a file is to be sent in its place.
  enum class NamedBy {
    kNobody,
    kUri,   // X-Accel-Redirect
    kPath,  // X-Sendfile
  };
  // Several ranges of a file on their way.
  struct FileRanges {
    base::UniqueFd fd;
    std::string content;  // where there is no descriptor
    http::ByteRanges ranges;
    std::string boundary;
    std::string content_type;
    uint64_t size = 0;  // of the file
    size_t index = 0;   // the range whose turn it is
    uint64_t sent = 0;  // of that range

    http::PartsForm form() const { return {boundary, content_type, size}; }
  };

  // --- exchange.cc: the request
  void reset();
  void identify(std::string_view traceparent, std::string_view request_id);
  void set_addresses(const ConnectionAddresses& addresses);
  // Asks whether the client has a request left; the answers say how many in any case.
  bool admit();
  // Likewise of those who count over several servers. The request waits for them at its end.
  void ask_others();
  void on_admission(const std::optional<AdmissionDecision>& decision) override;
  void on_no_admission() { on_admission(std::nullopt); }
  void stop_asking();
  Plan plan();
  Plan plan_error(int status, const char* why);
  Plan plan_to_https();
  Plan plan_target();
  void check_kept(const base::Status& kept);
  void submit();
  // The path of the one that takes the request; empty when its script is run once.
  std::string_view worker_script() const;
  // REQUEST_TIMEOUT begins: at submission, and again at each flush of an event stream.
  void restart_deadline(base::Nanos now);
  void on_deadline();
  void on_queue_deadline();
  void end_job();
  http::TargetParts asked_for() const;
  void report();

  // --- exchange_answer.cc: answers made here, and what PHP answers
  void begin_head(int status);
  void add_identity();
  void add_configured();
  void add_profile();
  void send_text(std::string_view content_type, std::string_view text);
  void send_options();
  void send_redirect();
  void send_to_https();
  void send_mistaken();

  // --- exchange_reload.cc: what `--watch` adds
  void look_for_navigation();
  bool plan_reload(Plan& plan);
  void send_reload_script();
  void begin_telling();
  void stop_telling();
  bool make_tag_for_page();
  bool send_page_with_tag(const FileCache::Found& found);

  // --- exchange_error.cc: errors without a body
  void send_error(int status, const char* why);
  void send_empty_error(int status);
  void send_error_body(int status);
  bool send_error_with_tag(int status, const ErrorPages::Page* page);

  // --- exchange_encoding.cc: static files for clients that take encoded ones
  base::ContentCoding coding_for_file(uint64_t size) const;
  // Chooses among coding_ and encoded_ for a file. True: the body of coding_ has yet to be made.
  bool choose_encoded(const StaticFile& file);
  // True: send_file() is called again when that body was made.
  bool wait_for_encoded(const FileCache::Found& found);
  void on_encoded() override;
  void stop_waiting_for_encoded();
  void send_encoded(const StaticFile& file);
  void send_encoded_pieces();

  // --- exchange_file.cc: files
  void send_file();
  void send_found(FileCache::Found found);
  void choose_neighbour();
  void make_tag(const StaticFile& file);
  void send_open_error(const base::Error& error);
  void begin_file_head(int status, const StaticFile& file);
  void send_content(FileCache::Found found);
  void send_range(FileCache::Found found, http::ByteRange range);
  void begin_ranges(FileCache::Found found, const http::ByteRanges& ranges);
  void send_ranges();
  void send_more();
  size_t send_range_piece(FileRanges& all);
  void add_body_fields();
  std::string_view file_type(const StaticFile& file) const;
  bool take_file_name(std::string_view name, std::string_view value);
  void send_named_file();
  FileCache* find_named_file();

  // --- exchange_answer.cc again: what PHP answers
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

  const ServeOptions& options() const { return site_->site->options; }
  base::LogContext ids() const { return {request_id_, trace_.trace(), trace_.span()}; }

  LoopServices& services_;
  LoopSite* site_ = nullptr;  // null when idle
  State state_ = State::kIdle;
  Plan plan_ = Plan::kError;

  // The request.
  http::RequestHead* head_ = nullptr;
  ResponseStream* stream_ = nullptr;
  const ConnectionAddresses* addresses_ = nullptr;
  Origin origin_;
  OriginText origin_text_;
  http::Version refused_version_ = http::Version::kHttp11;  // without a head_
  std::string head_bytes_;
  std::string path_;
  http::TargetParts target_;
  Route route_;
  RequestBody body_;
  http::TraceContext trace_{};
  std::string request_id_;
  std::string traceparent_;
  AdmissionDecision admission_;
  AdmissionTicketPtr asked_;    // null: nobody, or they have answered
  bool request_ended_ = false;  // while they were asked
  int error_status_ = 0;
  base::Nanos started_at_ = 0;
  RequestProfile profile_;

  // The job, and where it was submitted.
  pool::JobQueue* jobs_ = nullptr;
  pool::Job job_;
  bool job_active_ = false;
  bool room_wanted_ = false;
  channel::RequestEncoder encoder_;
  net::MemberTimer<Exchange, &Exchange::on_deadline> deadline_{*this};
  net::MemberTimer<Exchange, &Exchange::on_queue_deadline> queue_deadline_{*this};
  net::MemberTimer<Exchange, &Exchange::on_no_admission> admission_deadline_{*this};

  // The answer.
  AnswerHead answer_;
  std::string content_type_;
  std::optional<uint64_t> declared_length_;
  bool event_stream_ = false;
  uint32_t interim_heads_ = 0;
  base::Buffer held_;

  // A file's answer.
  uint64_t file_size_ = 0;
  std::string etag_;
  bool encodings_ = false;  // the file lies there in several codings
  base::ContentCoding coding_ = base::ContentCoding::kIdentity;

  NamedBy named_by_ = NamedBy::kNobody;
  std::string file_name_;
  AnswerHead script_head_;  // what that script said beside it

  std::unique_ptr<FileRanges> file_ranges_;
  net::MemberTimer<Exchange, &Exchange::send_more> next_turn_{*this};
  uint64_t passed_on_ = 0;
  std::vector<std::string_view> pieces_;
  std::string scratch_;

  // The encoded file that is looked for or waited for.
  EncodedKey encoded_key_;
  StaticEncoder::Body encoded_;  // what is sent instead of the file
  size_t encoded_sent_ = 0;
  StaticEncoder::TicketPtr encoding_;
  bool waited_for_encoding_ = false;

  // A page that may get a tag: what was asked for, the site's version at that time, the tag.
  bool navigation_ = false;
  std::string page_version_;
  std::string tag_;  // empty = none

  // For the report.
  int status_ = 0;
  bool timed_out_ = false;
  bool dropped_ = false;
  int64_t worker_ = -1;
  channel::EndInfo end_info_;
  const char* error_ = "";
};

}  // namespace howdah::serve

// The answers of an exchange: those PHP gives, and the short ones the server makes itself.

#include <algorithm>

#include "base/length.h"
#include "codec/compressible.h"
#include "http/chars.h"
#include "http/host.h"
#include "http/path.h"
#include "http/response_rules.h"
#include "serve/error_answer.h"
#include "serve/exchange.h"
#include "serve/limits.h"

namespace howdah::serve {
namespace {

constexpr uint16_t kHttpsPort = 443;
constexpr std::string_view kEventStream = "text/event-stream";

// The server says these itself, once; what PHP says of them is dropped.
bool is_of_rate_limit(std::string_view name) {
  return http::iequals(name, "x-ratelimit-limit") || http::iequals(name, "x-ratelimit-remaining") ||
         http::iequals(name, "x-ratelimit-reset");
}

bool is_servers_own(std::string_view name) {
  return http::iequals(name, "date") || http::iequals(name, "server") ||
         http::iequals(name, "x-request-id") || http::iequals(name, "traceparent");
}

constexpr std::string_view kProfilePrefix = "x-profile-";

std::string decimal(uint64_t value) { return std::to_string(value); }

}  // namespace

void Exchange::begin_head(int status) {
  answer_.clear(status);
  status_ = status;
  add_identity();
}

void Exchange::add_identity() {
  answer_.add("Server", kServerName);
  answer_.add("Date", services_.date.at(services_.loop.now()));
  answer_.add("X-Request-ID", request_id_);
  answer_.add("traceparent", traceparent_);
  if (admission_.limited) {
    answer_.add("X-RateLimit-Limit", decimal(admission_.limit));
    answer_.add("X-RateLimit-Remaining", decimal(admission_.remaining));
    answer_.add("X-RateLimit-Reset", decimal(admission_.reset_seconds));
  }
}

void Exchange::add_profile() {
  const http::Version version = head_ != nullptr ? head_->version : refused_version_;
  profile_.add_to(answer_, base::monotonic_now(), version, *addresses_);
}

// RESPONSE_HEADERS, when the head is otherwise complete, and PROFILE's.
void Exchange::add_configured() {
  if (profile_.on()) add_profile();
  for (const auto& [name, value] : options().response_headers) {
    if (!answer_.has(name)) answer_.add(name, value);
  }
}

void Exchange::send_text(std::string_view content_type, std::string_view text) {
  answer_.add("Content-Type", content_type);
  add_configured();
  state_ = State::kAnswered;
  stream_->start(answer_, text.size(), {{&text, 1}, text.size()}, Last::kYes);
}

void Exchange::send_options() {
  begin_head(head_->method == "OPTIONS" ? 200 : 400);
  answer_.add("Allow", kPhpMethods);
  send_text(kPlainText, "");
}

void Exchange::send_redirect() {
  begin_head(308);
  scratch_.clear();
  http::append_encoded_path(scratch_, path_);
  scratch_ += '/';
  if (target_.has_query) scratch_.append("?").append(target_.query);
  answer_.add("Location", scratch_);
  send_text(kPlainText, error_text(308));
}

void Exchange::send_to_https() {
  begin_head(308);
  auto host = http::parse_host(head_->host);
  scratch_.assign("https://").append(host->name);
  if (*options().redirect_port != kHttpsPort) {
    scratch_.append(":").append(decimal(*options().redirect_port));
  }
  answer_.add("Location", scratch_.append(head_->target));
  send_text(kPlainText, error_text(308));
}

void Exchange::send_mistaken() {
  begin_head(400);
  error_ = "plain HTTP to a TLS port";
  send_text(kPlainText, "This port speaks HTTPS, and the request was plain HTTP.\n");
}

// --- what PHP answers

size_t Exchange::on_answer(const pool::AnswerPart& part) {
  if (part.interim) {
    // More than a few tell the client nothing, and nothing holds their script back.
    if (state_ == State::kWaiting && part.head != nullptr && ++interim_heads_ <= kInterimHeads) {
      stream_->send_interim(part.head->status(), part.head->fields());
    }
    return 0;
  }
  worker_ = part.worker;
  if (part.phases != nullptr) profile_.learn(*part.phases);
  if (part.flush && event_stream_) restart_deadline(services_.loop.now());
  if (state_ == State::kWaiting && (part.head == nullptr || !take_head(*part.head))) {
    error_ = "worker sent no valid head";
    send_error(502, error_);
    state_ = State::kDropping;
  }
  size_t taken = take_body(part);
  // The script has ended; how fast the client reads is WRITE_TIMEOUT's matter.
  if (part.end) services_.loop.timers().cancel(deadline_);
  if (!part.end || taken < part.body_size) return taken;
  end_info_ = part.end_info;
  end_job();
  if (state_ == State::kDropping) state_ = State::kAnswered;
  return taken;
}

bool Exchange::take_head(const channel::ResponseHead& head) {
  if (!http::valid_final_status(head.status())) return false;
  begin_head(head.status());
  for (const channel::ResponseField& field : head.fields()) {
    take_field(field.name, http::trim_ows(field.value));
  }
  if (event_stream_) {
    restart_deadline(services_.loop.now());
    job_.long_lived.store(true, std::memory_order_relaxed);
  }
  state_ = State::kHolding;
  return true;
}

void Exchange::take_field(std::string_view name, std::string_view value) {
  if (!http::valid_response_field(name, value)) {
    services_.shared.log.log(base::LogType::kApp, base::LogLevel::kWarn,
                             "header of a script dropped: not valid", ids(), {{"name", name}});
    return;
  }
  if (http::is_hop_by_hop(name) || is_servers_own(name) || take_file_name(name, value)) return;
  // Frameworks say these of limits of their own. Two of each would contradict each other.
  if (admission_.limited && is_of_rate_limit(name)) return;
  // Or there would be two of them.
  if (profile_.on() && http::iequals(name.substr(0, kProfilePrefix.size()), kProfilePrefix)) return;
  if (http::iequals(name, "content-length")) {
    uint64_t length = 0;
    declared_length_.reset();
    if (base::parse_length(value, length)) declared_length_ = length;
    return;
  }
  if (http::iequals(name, "content-type")) {
    // Kept apart: it is not said of a text that the server puts in the place of an empty body.
    content_type_.assign(value);
    event_stream_ = codec::is_media_type(value, kEventStream);
    return;
  }
  answer_.add(name, value);
}

size_t Exchange::take_body(const pool::AnswerPart& part) {
  switch (state_) {
    case State::kHolding:
      return hold(part);
    case State::kStreaming:
      return pass_on(part);
    default:
      return part.body_size;
  }
}

// Nothing has been sent yet: wait for the end, which tells the length, unless the script wants its
// words out or there are too many of them.
size_t Exchange::hold(const pool::AnswerPart& part) {
  if (named_by_ != NamedBy::kNobody) {
    // The file takes the place of all that the script prints.
    if (part.end) send_named_file();
    return part.body_size;
  }
  if (part.end) {
    send_whole(part);
    return part.body_size;
  }
  if (part.flush || event_stream_) {
    stream_->set_pace(Pace::kHoldBack);
    start_stream(part);
    return part.body_size;
  }
  if (held_.size() + part.body_size > kBufferedAnswerBytes) {
    start_stream(part);
    return part.body_size;
  }
  for (std::string_view piece : part.body) held_.append(piece);
  return part.body_size;
}

void Exchange::send_whole(const pool::AnswerPart& part) {
  size_t size = held_.size() + part.body_size;
  if (size == 0 && status_ >= 400) return send_empty_error(status_);
  pieces_.clear();
  if (!held_.empty()) pieces_.push_back(held_.view());
  pieces_.insert(pieces_.end(), part.body.begin(), part.body.end());
  std::optional<uint64_t> length = size;
  // A script that knows HEAD may make no body for it: that tells nothing of GET's length (RFC 9110
  // section 8.6), unless the script says it.
  if (head_->method == "HEAD" && size == 0) length = declared_length_;
  // A stream, as it would be if its end had come later.
  const bool streams = part.flush || event_stream_;
  if (streams && length != declared_length_) length.reset();
  if (make_tag_for_page()) {
    pieces_.push_back(tag_);
    size += tag_.size();
    if (length) *length += tag_.size();
  }
  if (!content_type_.empty()) answer_.add("Content-Type", content_type_);
  add_configured();
  state_ = State::kAnswered;
  stream_->start(answer_, length, {pieces_, size}, Last::kYes);
}

void Exchange::start_stream(const pool::AnswerPart& part) {
  pieces_.clear();
  if (!held_.empty()) pieces_.push_back(held_.view());
  pieces_.insert(pieces_.end(), part.body.begin(), part.body.end());
  size_t size = held_.size() + part.body_size;
  make_tag_for_page();
  if (!content_type_.empty()) answer_.add("Content-Type", content_type_);
  add_configured();
  state_ = State::kStreaming;
  if (declared_length_ && size > *declared_length_) {
    // More is here already than was promised: do without the promise.
    declared_length_.reset();
  }
  passed_on_ = size;
  std::optional<uint64_t> length = declared_length_;
  if (length) *length += tag_.size();
  stream_->start(answer_, length, {pieces_, size}, Last::kNo);
  // Not needed again by this answer, which may be a long one.
  held_.clear();
  if (held_.capacity() > kKeptBytes) held_.release();
}

size_t Exchange::pass_on(const pool::AnswerPart& part) {
  if (part.flush) stream_->set_pace(Pace::kHoldBack);
  if (part.body_size > 0 && !part.must_take && !stream_->room()) {
    room_wanted_ = true;
    return 0;
  }
  uint64_t sum = passed_on_ + part.body_size;
  bool wrong =
      declared_length_ && (sum > *declared_length_ || (part.end && sum < *declared_length_));
  if (wrong && head_->method != "HEAD") return break_promise(part);
  passed_on_ = sum;
  if (part.end) state_ = State::kAnswered;
  if (part.end && !tag_.empty()) {
    pieces_.assign(part.body.begin(), part.body.end());
    pieces_.push_back(tag_);
    stream_->write({pieces_, part.body_size + tag_.size()}, Last::kYes);
  } else if (part.end || part.body_size > 0) {
    stream_->write({part.body, part.body_size}, part.end ? Last::kYes : Last::kNo);
  }
  return part.body_size;
}

// The output does not fit the length that the head named: what does is sent, and the connection
// ends.
size_t Exchange::break_promise(const pool::AnswerPart& part) {
  error_ = "Content-Length of the script does not fit its output";
  uint64_t left = *declared_length_ - std::min(passed_on_, *declared_length_);
  size_t size = 0;
  pieces_.clear();
  for (std::string_view piece : part.body) {
    piece = piece.substr(0, static_cast<size_t>(std::min<uint64_t>(piece.size(), left)));
    if (piece.empty()) break;
    pieces_.push_back(piece);
    size += piece.size();
    left -= piece.size();
  }
  if (size > 0) stream_->write({pieces_, size}, Last::kNo);
  stream_->cut();
  state_ = State::kDropping;
  return part.body_size;
}

void Exchange::on_lost(pool::Loss loss) {
  end_job();
  bool died = loss == pool::Loss::kWorkerDied;
  const char* why = died ? "worker died" : "no worker";
  if (state_ == State::kWaiting || state_ == State::kHolding) {
    return send_error(died ? 502 : 503, why);
  }
  error_ = why;
  if (state_ == State::kStreaming) stream_->cut();
  state_ = State::kAnswered;
}

}  // namespace howdah::serve

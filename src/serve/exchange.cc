#include "serve/exchange.h"

#include <algorithm>
#include <cassert>

#include "http/accept_encoding.h"
#include "http/host.h"
#include "serve/limits.h"

namespace howdah::serve {
namespace {

// What a slot has for the encoded request.
constexpr size_t kMaxEncodedBytes = channel::kSlotBytes - channel::kInlineBodyBytes - 4096;
constexpr int kClientGone = 499;
constexpr const char* kRateLimited = "RATE_LIMIT";

std::string_view value_of(const http::Field* field) {
  return field != nullptr ? field->value : std::string_view();
}

std::string_view value_of(const http::RequestHead& head, std::string_view name) {
  return value_of(head.find(name));
}

}  // namespace

Exchange::Exchange(LoopServices& services) : services_(services), body_(services.shared.spool) {
  job_.consumer = this;
}

Exchange::~Exchange() {
  if (job_active_) jobs_->abandon(job_);
  stop_asking();
  stop_waiting_for_encoded();
  if (site_ != nullptr) services_.leave_site(*site_);
}

void Exchange::reset() {
  body_.reset();
  held_.clear();
  content_type_.clear();
  declared_length_.reset();
  named_by_ = NamedBy::kNobody;
  coding_ = base::ContentCoding::kIdentity;
  encodings_ = false;
  plan_ = Plan::kError;
  navigation_ = false;
  tag_.clear();
  request_ended_ = event_stream_ = room_wanted_ = timed_out_ = dropped_ = false;
  passed_on_ = 0;
  interim_heads_ = 0;
  error_status_ = status_ = 0;
  worker_ = -1;
  end_info_ = {};
  error_ = "";
  admission_ = {};
  target_ = {};
  started_at_ = services_.loop.now();
  profile_.stop();
  if (site_ != nullptr) services_.leave_site(*site_);
  site_ = &services_.enter_site();
}

void Exchange::identify(std::string_view traceparent, std::string_view request_id) {
  trace_ = http::make_trace_context(traceparent, services_.random, options().trace_threshold);
  traceparent_.clear();
  http::append_traceparent(traceparent_, trace_);
  request_id_.clear();
  http::append_request_id(request_id_, request_id, trace_);
}

void Exchange::set_addresses(const ConnectionAddresses& addresses) {
  addresses_ = &addresses;
  origin_ = {.client_ip = addresses.client_ip,
             .client = addresses.client,
             .client_port = addresses.client_port,
             .scheme = addresses.entrance == Entrance::kTls ? "https" : "http"};
}

void Exchange::begin_refused(const ConnectionAddresses& addresses, ResponseStream& stream,
                             http::Version version) {
  reset();
  head_ = nullptr;
  refused_version_ = version;
  set_addresses(addresses);
  stream_ = &stream;
  state_ = State::kReceiving;
  identify({}, {});
  // It counts, and is told what is left; that it cannot be read is the answer whatever that is.
  admit();
}

Exchange::BodyPlan Exchange::begin(http::RequestHead& head, std::string_view bytes,
                                   const ConnectionAddresses& addresses, ResponseStream& stream) {
  reset();
  head_bytes_.assign(bytes);
  head.rebase(bytes.data(), bytes.size(), head_bytes_.data());
  head_ = &head;
  set_addresses(addresses);
  if (addresses.trusted) believe_proxy(head, options().trusted_proxies, origin_, origin_text_);
  stream_ = &stream;
  state_ = State::kReceiving;
  if (options().profile && value_of(head, "x-profile") == "1") profile_.begin(started_at_);
  // Several traceparents are none (Trace Context 3.2: the field comes once).
  identify(value_of(head.find_only("traceparent")), value_of(head, "x-request-id"));
  look_for_navigation();
  plan_ = plan();
  if (plan_ == Plan::kError && error_status_ == 413) return BodyPlan::kRefuse;
  return plan_ == Plan::kScript ? BodyPlan::kGather : BodyPlan::kDiscard;
}

Exchange::Plan Exchange::plan_error(int status, const char* why) {
  error_status_ = status;
  error_ = why;
  return Plan::kError;
}

bool Exchange::admit() {
  Admission* admission = services_.shared.admission;
  if (admission != nullptr) admission_ = admission->decide(origin_.client);
  return admission_.admitted;
}

void Exchange::ask_others() {
  if (!admission_.limited) return;
  asked_ = services_.shared.admission->ask(origin_.client, admission_, services_.loop, *this);
  if (!asked_) return;
  services_.loop.timers().arm(admission_deadline_, services_.loop.now() + kAdmissionTime);
}

void Exchange::stop_asking() {
  if (!asked_) return;
  asked_->waiter = nullptr;
  asked_.reset();
  services_.loop.timers().cancel(admission_deadline_);
}

void Exchange::on_admission(const std::optional<AdmissionDecision>& decision) {
  stop_asking();
  if (state_ != State::kReceiving) return;
  if (decision) admission_ = *decision;
  if (!admission_.admitted) plan_ = plan_error(429, kRateLimited);
  if (request_ended_) on_request_end();
}

// Everything that can be said of a request before its body.
Exchange::Plan Exchange::plan() {
  if (!admit()) return plan_error(429, kRateLimited);
  ask_others();
  if (addresses_->entrance == Entrance::kMistaken) return Plan::kMistaken;
  if (options().redirect_port && origin_.scheme == "http") return plan_to_https();
  if (head_->method == "CONNECT" || head_->method == "TRACE") return plan_error(405, "method");
  uint64_t limit = options().max_body_size;
  if (head_->framing == http::BodyFraming::kLength && limit != 0 && head_->content_length > limit) {
    return plan_error(413, "body larger than MAX_BODY_SIZE");
  }
  if (head_->target == "*") return Plan::kOptions;
  return plan_target();
}

// Only a host that the client has named, and in a form that a Location can have.
Exchange::Plan Exchange::plan_to_https() {
  bool path = head_->target.starts_with('/');
  bool host = http::parse_host(head_->host).has_value();
  return path && host ? Plan::kToHttps : plan_error(400, "no way to HTTPS without a host and path");
}

Exchange::Plan Exchange::plan_target() {
  auto target = http::decode_target(head_->target, path_);
  if (!target) return plan_error(target.error().status, target.error().reason);
  target_ = *target;
  if (Plan plan; plan_reload(plan)) return plan;
  site_->site->router.route(path_, site_->files, route_);
  bool readable = head_->method == "GET" || head_->method == "HEAD";
  switch (route_.kind) {
    case RouteKind::kNotFound:
      return plan_error(404, "");
    case RouteKind::kForbidden:
      return plan_error(403, "directory may not be entered");
    case RouteKind::kRedirect:
      return Plan::kRedirect;
    case RouteKind::kScript:
      return Plan::kScript;
    case RouteKind::kFile:
    case RouteKind::kFallback:
      return readable ? Plan::kFile : plan_error(405, "");
  }
  return plan_error(500, "route");
}

void Exchange::on_body(std::string_view bytes) {
  if (state_ != State::kReceiving) return;
  // It was wanted when the body began.
  if (plan_ == Plan::kError) return refuse(error_status_, error_);
  uint64_t limit = options().max_body_size;
  if (limit != 0 && body_.size() + bytes.size() > limit) {
    return refuse(413, "body larger than MAX_BODY_SIZE");
  }
  check_kept(body_.append(bytes));
}

void Exchange::spill_body() {
  if (state_ == State::kReceiving) check_kept(body_.spill());
}

void Exchange::check_kept(const base::Status& kept) {
  if (kept) return;
  services_.shared.log.log(base::LogType::kApp, base::LogLevel::kError, "request body not kept",
                           ids(), {{"reason", std::string_view(kept.error().message())}});
  refuse(503, "no spool");
}

void Exchange::on_request_end() {
  if (state_ != State::kReceiving) return;
  if (asked_) {
    request_ended_ = true;
    return;
  }
  switch (plan_) {
    case Plan::kError:
      return send_error(error_status_, error_);
    case Plan::kOptions:
      return send_options();
    case Plan::kRedirect:
      return send_redirect();
    case Plan::kToHttps:
      return send_to_https();
    case Plan::kMistaken:
      return send_mistaken();
    case Plan::kFile:
      return send_file();
    case Plan::kScript:
      return submit();
    case Plan::kReloadScript:
      return send_reload_script();
    case Plan::kReloadEvents:
      return begin_telling();
  }
}

std::string_view Exchange::worker_script() const {
  if (route_.pool == 0) return {};
  return options().workers[route_.pool - 1].path;
}

void Exchange::submit() {
  if (services_.jobs.empty() || options().stub == StubMode::kEmptyAnswers) {
    begin_head(200);
    return send_text("text/html; charset=UTF-8", "");
  }
  if (!body_.finish()) return send_error(503, "no spool");
  jobs_ = services_.jobs[route_.pool];
  assert(jobs_ != nullptr);  // the router leads to no pool that is not there
  bool has_body = body_.size() > 0 || head_->framing != http::BodyFraming::kNone;
  encode_cgi({.head = *head_,
              .route = route_,
              .query = target_.query,
              .document_root = options().document_root,
              .worker_script = worker_script(),
              .addresses = *addresses_,
              .origin = origin_,
              .body_size = body_.size(),
              .has_body = has_body,
              .trace = trace_,
              .traceparent = traceparent_,
              .request_id = request_id_},
             encoder_, scratch_);
  if (!options().compression.empty()) {
    encoder_.set_coding(http::negotiate_coding(*head_, options().compression).coding);
  }
  const base::Nanos limit = options().request_timeout;
  encoder_.set_time_limit(
      static_cast<uint32_t>(std::min<base::Nanos>(limit / base::kSecond, UINT32_MAX)));
  if (profile_.on()) {
    encoder_.set_profiled();
    profile_.submit(base::monotonic_now());
  }
  if (encoder_.bytes().size() > kMaxEncodedBytes) return send_error(431, "head too large for PHP");
  job_.request = encoder_.bytes();
  job_.body = body_.memory();
  job_.body_size = body_.size();
  job_.body_fd = body_.fd();
  job_.submitted_at = services_.loop.now();
  job_.time_limit = limit;
  job_.deadline = 0;
  job_.long_lived.store(false, std::memory_order_relaxed);
  if (jobs_->submit(job_) != pool::Submit::kAccepted) return send_error(503, "queue full");
  job_active_ = true;
  state_ = State::kWaiting;
  restart_deadline(job_.submitted_at);
  if (options().queue_timeout != 0) {
    services_.loop.timers().arm(queue_deadline_, job_.submitted_at + options().queue_timeout);
  }
}

void Exchange::restart_deadline(base::Nanos now) {
  if (options().request_timeout == 0) return;
  job_.deadline = now + options().request_timeout;
  services_.loop.timers().arm(deadline_, job_.deadline);
}

// The job is over, whoever ended it.
void Exchange::end_job() {
  job_active_ = false;
  services_.loop.timers().cancel(deadline_);
  services_.loop.timers().cancel(queue_deadline_);
}

void Exchange::on_deadline() {
  const base::Nanos now = services_.loop.now();
  const base::Nanos wanted = jobs_->wanted_deadline(job_, now);
  if (wanted > now) {
    job_.deadline = wanted;
    return services_.loop.timers().arm(deadline_, wanted);
  }
  jobs_->cancel(job_);
  end_job();
  timed_out_ = true;
  if (state_ == State::kWaiting || state_ == State::kHolding) {
    return send_error(504, "REQUEST_TIMEOUT");
  }
  error_ = "REQUEST_TIMEOUT";
  if (state_ == State::kStreaming) stream_->cut();
  state_ = State::kAnswered;
}

void Exchange::on_queue_deadline() {
  // A worker that took it has REQUEST_TIMEOUT for it.
  if (state_ != State::kWaiting || !jobs_->withdraw(job_)) return;
  end_job();
  send_error(503, "QUEUE_TIMEOUT");
}

void Exchange::refuse(int status, const char* why) {
  if (state_ == State::kReceiving) send_error(status, why);
}

void Exchange::on_room() {
  if (state_ == State::kRanges || state_ == State::kEncoded) return send_more();
  if (!room_wanted_ || !job_active_) return;
  room_wanted_ = false;
  jobs_->resume(job_);
}

void Exchange::finish() {
  if (state_ == State::kIdle) return;
  if (pending() && *error_ == '\0') error_ = kClientLeft;
  // Nothing of an answer that was still being gathered has been sent.
  if (status_ == 0 || state_ == State::kHolding) status_ = kClientGone;
  if (job_active_) {
    jobs_->abandon(job_);
    end_job();
  }
  services_.loop.timers().cancel(next_turn_);
  file_ranges_.reset();
  stop_asking();
  stop_waiting_for_encoded();
  stop_telling();
  encoded_.reset();
  report();
  state_ = State::kIdle;
  body_.reset();
  // Now, not at the next use: a spare exchange may wait long for it.
  if (held_.capacity() > kKeptBytes) held_.release();
  stream_ = nullptr;
  head_ = nullptr;
  services_.leave_site(*std::exchange(site_, nullptr));
}

void Exchange::report() {
  // Nobody who develops a site wants to read of these.
  if (plan_ == Plan::kReloadScript || plan_ == Plan::kReloadEvents) return;
  ExchangeReport report;
  if (head_ != nullptr) {
    report.method = head_->method;
    http::TargetParts asked = asked_for();
    report.path = asked.raw_path;
    report.query = asked.query;
    report.version = head_->version;
    report.user_agent = value_of(*head_, "user-agent");
    report.referer = value_of(*head_, "referer");
    report.forwarded_for = value_of(*head_, "x-forwarded-for");
  } else {
    report.version = refused_version_;
  }
  report.status = status_;
  report.received_bytes = body_.size();
  report.sent_bytes = stream_->sent_body_bytes();
  report.duration = services_.loop.now() - started_at_;
  report.client_ip = origin_.client_ip;
  report.tls = addresses_->tls;
  report.ids = ids();
  report.head = head_;
  report.trace = &trace_;
  report.scheme = origin_.scheme;
  report.worker = worker_;
  // A worker's word, believed as far as it can be true. The loop's clock stands still in a pass.
  const base::Nanos claimed = end_info_.claimed_at, ended = end_info_.ended_at;
  const base::Nanos latest = services_.loop.now() + base::kSecond;
  if (claimed >= job_.submitted_at && ended >= claimed && ended <= latest) {
    report.queue_time = claimed - job_.submitted_at;
    report.php_time = ended - claimed;
  }
  report.timed_out = timed_out_;
  report.limited = !admission_.admitted && status_ == 429;
  report.dropped = dropped_;
  report.error = error_;
  services_.shared.observer.on_exchange(report);
}

// What was refused before it was routed, or for its target, has a path and a query as well.
http::TargetParts Exchange::asked_for() const {
  return target_.raw_path.empty() ? http::split_target(head_->target) : target_;
}

std::optional<pool::OpenRequest> Exchange::open_request() const {
  if (state_ == State::kIdle || head_ == nullptr || job_active_) return std::nullopt;
  pool::OpenRequest open;
  open.request.append(head_->method).append(" ").append(asked_for().raw_path);
  open.request_id = request_id_;
  open.trace_id = trace_.trace();
  open.span_id = trace_.span();
  open.phase = state_ == State::kReceiving ? pool::OpenRequest::Phase::kReceiving
                                           : pool::OpenRequest::Phase::kSending;
  open.age = services_.loop.now() - started_at_;
  return open;
}

}  // namespace howdah::serve

#include "http/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cassert>
#include <optional>
#include <span>

#include "base/result.h"
#include "http/chars.h"

namespace howdah::http {
namespace {

constexpr size_t kFrameHead = 9;
// Of DATA: less than this is hardly worth its frame.
constexpr size_t kSmallData = 64;

std::string_view view(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

std::string_view view(nghttp2_rcbuf* buffer) {
  nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return view(bytes.base, bytes.len);
}

// No two answers say the same here: kept in the table of the header compression these would only
// push out what is said again, and be compared with each other every time.
bool differs_always(std::string_view name) {
  constexpr std::string_view kNames[] = {"x-request-id", "traceparent", "x-ratelimit-remaining"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view known) { return iequals(name, known); });
}

nghttp2_nv pair(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  uint8_t flags = differs_always(name) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
  return {bytes(name), bytes(value), name.size(), value.size(), flags};
}

Http2Session* session_of(void* user) { return static_cast<Http2Session*>(user); }

Http2StreamUser* user_of(nghttp2_session* session, int32_t stream) {
  return static_cast<Http2StreamUser*>(nghttp2_session_get_stream_user_data(session, stream));
}

// The frames whose number nghttp2 does not bound for us.
std::optional<Http2Cost> cost_of(uint8_t type, uint8_t flags) {
  bool ack = (flags & NGHTTP2_FLAG_ACK) != 0;
  switch (type) {
    case NGHTTP2_RST_STREAM:
      return Http2Cost::kReset;
    case NGHTTP2_SETTINGS:
      return ack ? std::nullopt : std::optional(Http2Cost::kSettings);
    case NGHTTP2_PING:
      return ack ? std::nullopt : std::optional(Http2Cost::kPing);
    case NGHTTP2_PRIORITY:
    case NGHTTP2_PRIORITY_UPDATE:
      return Http2Cost::kPriority;
    case NGHTTP2_WINDOW_UPDATE:
      return Http2Cost::kWindowUpdate;
    default:
      return std::nullopt;
  }
}

// The head being put together in nghttp2's form; nghttp2 copies it, and lowers the names.
std::span<const nghttp2_nv> pairs_of(std::string_view status, std::span<const Field> fields) {
  thread_local std::vector<nghttp2_nv> pairs;
  pairs.clear();
  pairs.push_back(pair(":status", status));
  for (const Field& field : fields) pairs.push_back(pair(field.name, field.value));
  return pairs;
}

}  // namespace

// nghttp2's callbacks: each finds its member and nothing else.
struct Http2Callbacks {
  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
    return session_of(user)->on_begin_frame(head->type, head->flags, head->stream_id, head->length);
  }
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    session_of(user)->on_begin_head(frame->headers.cat == NGHTTP2_HCAT_REQUEST);
    return 0;
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                    nghttp2_rcbuf* value, uint8_t, void* user) {
    session_of(user)->on_field(frame->hd.stream_id, view(name), view(value));
    return 0;
  }
  // nghttp2 would drop the field and go on.
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*,
                            uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  static int invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS) session_of(user)->inside_head_ = false;
    return 0;
  }
  static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    int32_t stream = frame->hd.stream_id;
    bool ends_stream = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        session_of(user)->on_head(stream, ends_stream);
        return 0;
      case NGHTTP2_DATA:
        if (Http2StreamUser* it = ends_stream ? user_of(session, stream) : nullptr) it->on_end();
        return 0;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) session_of(user)->events_.on_pong();
        return 0;
      default:
        return 0;
    }
  }
  static int data(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* bytes,
                  size_t size, void* user) {
    session_of(user)->useful_ += size;
    Http2StreamUser* it = user_of(session, stream);
    it ? it->on_body(view(bytes, size)) : session_of(user)->consume_connection(size);
    return 0;
  }
  static int stream_closed(nghttp2_session* session, int32_t stream, uint32_t reason, void*) {
    if (Http2StreamUser* it = user_of(session, stream)) it->on_closed(Http2Error{reason});
    return 0;
  }
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    uint8_t type = frame->hd.type;
    bool body = type == NGHTTP2_DATA || type == NGHTTP2_HEADERS;
    if (body && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      session_of(user)->on_end_sent(frame->hd.stream_id);
    }
    if (type == NGHTTP2_RST_STREAM) {
      session_of(user)->on_reset_sent(Http2Error{frame->rst_stream.error_code});
    }
    return 0;
  }
  // A head larger than any frame may be: without it the stream would wait for ever.
  static int frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS) {
      session_of(user)->reset(frame->hd.stream_id, Http2Error::kInternal);
    }
    return 0;
  }
  static ssize_t read(nghttp2_session*, int32_t, uint8_t*, size_t most, uint32_t* flags,
                      nghttp2_data_source* source, void* user) {
    if (session_of(user)->output_->full()) return NGHTTP2_ERR_PAUSE;
    auto offer = static_cast<Http2StreamUser*>(source->ptr)->offer(most);
    switch (offer.kind) {
      case Http2StreamUser::Offer::Kind::kWait:
        return NGHTTP2_ERR_DEFERRED;
      case Http2StreamUser::Offer::Kind::kFull:
        return NGHTTP2_ERR_PAUSE;
      case Http2StreamUser::Offer::Kind::kCut:
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      case Http2StreamUser::Offer::Kind::kData:
        break;
    }
    *flags = NGHTTP2_DATA_FLAG_NO_COPY;
    if (offer.last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(offer.size);
  }
  static int send_data(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t size,
                       nghttp2_data_source* source, void* user) {
    session_of(user)->output_->append(view(head, kFrameHead));
    static_cast<Http2StreamUser*>(source->ptr)->put(size);
    return 0;
  }

  static const nghttp2_session_callbacks* table() {
    static const nghttp2_session_callbacks* const kTable = [] {
      nghttp2_session_callbacks* made = nullptr;
      if (nghttp2_session_callbacks_new(&made) != 0) base::die("nghttp2_session_callbacks_new");
      nghttp2_session_callbacks_set_on_begin_frame_callback(made, begin_frame);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback2(made, header);
      nghttp2_session_callbacks_set_on_invalid_header_callback2(made, invalid_header);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, invalid_frame);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_closed);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, frame_sent);
      nghttp2_session_callbacks_set_on_frame_not_send_callback(made, frame_not_sent);
      nghttp2_session_callbacks_set_send_data_callback(made, send_data);
      return made;
    }();
    return kTable;
  }
};

Http2Session::Http2Session(const Http2Limits& limits, Http2Events& events)
    : limits_(limits), events_(events), reader_(limits) {
  nghttp2_option* options = nullptr;
  if (nghttp2_option_new(&options) != 0) base::die("nghttp2_option_new");
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_option_set_max_continuations(options, limits.max_continuations);
  nghttp2_option_set_max_outbound_ack(options, limits.max_waiting_acks);
  nghttp2_option_set_max_send_header_block_length(options, limits.max_sent_head);
  nghttp2_option_set_max_settings(options, limits.max_settings);
  // It would count by a clock of its own, and the user counts already.
  nghttp2_option_set_stream_reset_rate_limit(options, UINT32_MAX, UINT32_MAX);
  nghttp2_option_set_builtin_recv_extension_type(options, NGHTTP2_PRIORITY_UPDATE);
  int made = nghttp2_session_server_new2(&session_, Http2Callbacks::table(), this, options);
  nghttp2_option_del(options);
  if (made != 0) base::die("nghttp2_session_server_new2");
  submit_settings();
}

Http2Session::~Http2Session() { nghttp2_session_del(session_); }

void Http2Session::submit_settings() {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.max_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits_.max_head)},
      // The priorities of RFC 7540 are a tree that clients build on the server (CVE-2019-9513).
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(limits_.connection_window));
}

// --- what comes in

void Http2Session::receive(std::string_view bytes) {
  if (ended_) return;
  useful_ = 0;
  auto taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                                        bytes.size());
  if (taken < 0) fail(static_cast<int>(taken));
  if (ended_) return;
  size_t overhead = bytes.size() - std::min(useful_, bytes.size());
  if (cost(Http2Cost::kOverheadByte, overhead) != 0) fail(NGHTTP2_ERR_FLOODED);
  if (!inside_head_) reader_.release();
}

void Http2Session::fail(int code) {
  switch (code) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
      return end(Http2Error::kProtocol);
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
      cost(Http2Cost::kContinuation);
      return end(Http2Error::kEnhanceYourCalm);
    case NGHTTP2_ERR_FLOODED:
      return end(Http2Error::kEnhanceYourCalm);
    default:
      return end(fault_.value_or(Http2Error::kInternal));
  }
}

int Http2Session::cost(Http2Cost cost, size_t amount) {
  if (amount == 0 || events_.on_cost(cost, amount)) return 0;
  return fault(Http2Error::kEnhanceYourCalm);
}

int Http2Session::fault(Http2Error reason) {
  fault_ = reason;
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2Session::on_begin_frame(uint8_t type, uint8_t flags, int32_t stream, size_t length) {
  // RFC 9113 6.3; nghttp2 looks no closer at what it does not use.
  if (type == NGHTTP2_PRIORITY && stream == 0) return fault(Http2Error::kProtocol);
  if (auto counted = cost_of(type, flags)) return cost(*counted);
  bool data = type == NGHTTP2_DATA;
  bool head = type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION;
  if (!data && !head) return 0;
  if (head) useful_ += length;
  bool last = (flags & (data ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_END_HEADERS)) != 0;
  if (length == 0 && !last) return cost(Http2Cost::kEmptyFrame);
  if (data && length < kSmallData && !last) return cost(Http2Cost::kSmallData);
  return 0;
}

void Http2Session::on_begin_head(bool request) {
  inside_head_ = true;
  reading_trailer_ = !request;
  trailer_size_ = 0;
  if (request) reader_.begin();
}

void Http2Session::on_field(int32_t stream, std::string_view name, std::string_view value) {
  if (!reading_trailer_) return reader_.add(name, value);
  // Trailers are dropped, but not without end.
  bool was_small = trailer_size_ <= limits_.max_head;
  trailer_size_ += name.size() + value.size();
  if (was_small && trailer_size_ > limits_.max_head) reset(stream, Http2Error::kEnhanceYourCalm);
}

void Http2Session::on_head(int32_t stream, bool ends_stream) {
  inside_head_ = false;
  if (!reading_trailer_) return open(stream, ends_stream);
  if (Http2StreamUser* user = ends_stream ? user_of(session_, stream) : nullptr) user->on_end();
}

void Http2Session::open(int32_t stream, bool ends_stream) {
  auto verdict = reader_.finish(ends_stream);
  if (verdict == Http2HeadReader::Verdict::kMalformed) {
    return reset(stream, Http2Error::kProtocol);
  }
  Http2StreamUser* user = events_.open_stream(stream, reader_.bytes().size());
  if (user == nullptr) return reset(stream, Http2Error::kRefusedStream);
  nghttp2_session_set_stream_user_data(session_, stream, user);
  if (verdict == Http2HeadReader::Verdict::kRefused) return user->on_refused(reader_);
  share_fairly(stream);
  user->on_request(reader_, ends_stream);
}

// Without a word from the client streams of one urgency take turns, where RFC 9218 would have them
// one after another: what they carry is seldom needed in the order it was asked for.
void Http2Session::share_fairly(int32_t stream) {
  if (reader_.head().find("priority") != nullptr) return;
  nghttp2_extpri priority{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};
  nghttp2_session_change_extpri_stream_priority(session_, stream, &priority, 0);
}

// --- what goes out

void Http2Session::pull(Http2Output& output) {
  output_ = &output;
  while (!output.full()) {
    const uint8_t* bytes = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size > 0) output.append(view(bytes, static_cast<size_t>(size)));
    if (fault_) end(*fault_);
    if (size <= 0) break;
  }
  output_ = nullptr;
}

bool Http2Session::wants_output() const { return nghttp2_session_want_write(session_) != 0; }

size_t Http2Session::waiting_frames() const {
  return nghttp2_session_get_outbound_queue_size(session_);
}

bool Http2Session::finished() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

void Http2Session::on_end_sent(int32_t stream) {
  if (nghttp2_session_get_stream_remote_close(session_, stream) != 0) return;
  if (Http2StreamUser* user = user_of(session_, stream)) user->on_answered_early();
}

void Http2Session::on_reset_sent(Http2Error reason) {
  // Those are this side's own doing.
  if (reason == Http2Error::kNone || reason == Http2Error::kInternal) return;
  cost(Http2Cost::kProvokedReset);
}

void Http2Session::begin_head(int status) {
  assert(status >= 100 && status <= 999);
  status_[0] = static_cast<char>('0' + status / 100);
  status_[1] = static_cast<char>('0' + status / 10 % 10);
  status_[2] = static_cast<char>('0' + status % 10);
  fields_.clear();
}

void Http2Session::add_field(std::string_view name, std::string_view value) {
  assert(is_token(name) && valid_field_value(value));
  fields_.push_back({name, value});
}

void Http2Session::send_interim(int32_t stream) {
  auto pairs = pairs_of({status_, sizeof status_}, fields_);
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream, nullptr, pairs.data(), pairs.size(),
                         nullptr);
}

void Http2Session::send_head(int32_t stream, Body body) {
  auto pairs = pairs_of({status_, sizeof status_}, fields_);
  nghttp2_data_provider provider{};
  provider.source.ptr = user_of(session_, stream);
  provider.read_callback = Http2Callbacks::read;
  nghttp2_submit_response(session_, stream, pairs.data(), pairs.size(),
                          body == Body::kOffered ? &provider : nullptr);
}

void Http2Session::resume(int32_t stream) { nghttp2_session_resume_data(session_, stream); }

void Http2Session::reset(int32_t stream, Http2Error reason) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, static_cast<uint32_t>(reason));
}

void Http2Session::consume(int32_t stream, size_t size) {
  nghttp2_session_consume(session_, stream, size);
}

void Http2Session::consume_connection(size_t size) {
  nghttp2_session_consume_connection(session_, size);
}

int32_t Http2Session::window(int32_t stream) const {
  return nghttp2_session_get_stream_remote_window_size(session_, stream);
}

int32_t Http2Session::connection_window() const {
  return nghttp2_session_get_remote_window_size(session_);
}

// --- the end

void Http2Session::announce_end() { nghttp2_submit_shutdown_notice(session_); }

void Http2Session::ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

void Http2Session::stop_accepting() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

void Http2Session::end(Http2Error reason) {
  if (ended_) return;
  ended_ = true;
  nghttp2_session_terminate_session(session_, static_cast<uint32_t>(reason));
}

}  // namespace howdah::http

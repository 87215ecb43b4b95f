#include "php/response.h"

#include <unistd.h>

#include "codec/compressible.h"
#include "php/interrupt.h"
#include "php/request_state.h"
#include "php/script_log.h"

namespace howdah::php {
namespace {

constexpr int kErrorLevel = 3;  // base::LogLevel::kError, whose header does not go with PHP's

constexpr std::string_view kStatusField = "Status";
constexpr std::string_view kLocationField = "Location";

// "Name: value" -> its two halves; an empty name when there is no colon.
channel::ResponseField split_field(const sapi_header_struct* header) {
  std::string_view line(header->header, header->header_len);
  size_t colon = line.find(':');
  if (colon == line.npos) return {};
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  return {line.substr(0, colon), value};
}

bool same_name(std::string_view name, std::string_view other) {
  return name.size() == other.size() && strncasecmp(name.data(), other.data(), name.size()) == 0;
}

// PHP-FPM's rules: the code of an HTTP/ status line wins, then a `Status:` header, then the code. A
// code of 200 is not sent, and a CGI answer with a Location and no status is a redirect (RFC 3875
// section 6.2.3).
int status_of(const sapi_headers_struct* headers) {
  int code = headers->http_response_code;
  bool redirects = false;
  if (code != 200) {
    const char* line = headers->http_status_line;
    const char* space = line == nullptr ? nullptr : strchr(line, ' ');
    if (space != nullptr && space - line >= 5 && strncasecmp(line, "HTTP/", 5) == 0) {
      return atoi(space + 1);
    }
  }
  for (zend_llist_element* at = headers->headers.head; at != nullptr; at = at->next) {
    auto field = split_field(reinterpret_cast<sapi_header_struct*>(at->data));
    // The value ends with the header's NUL byte.
    if (same_name(field.name, kStatusField)) return atoi(field.value.data());
    if (code == 200 && same_name(field.name, kLocationField)) redirects = true;
  }
  return redirects ? 302 : code;
}

// PHP encodes what it says itself. The setting can be a size.
bool zlib_encodes() {
  const char* value = zend_ini_string(const_cast<char*>("zlib.output_compression"),
                                      sizeof "zlib.output_compression" - 1, 0);
  if (value == nullptr || *value == '\0') return false;
  return !same_name(value, "0") && !same_name(value, "off") && !same_name(value, "no") &&
         !same_name(value, "false");
}

void look_at_head(const sapi_headers_struct* headers, AnswerWriter& answer) {
  for (zend_llist_element* at = headers->headers.head; at != nullptr; at = at->next) {
    auto field = split_field(reinterpret_cast<sapi_header_struct*>(at->data));
    answer.look_at(field.name, field.value);
  }
  if (answer.compressible() && zlib_encodes()) answer.leave_alone();
}

// Nobody listens any more. With nothing of ours on the stack: this may be left by a longjmp.
void output_refused(RequestState* state) {
  if (state->channel->cancelled() && !state->channel->client_gone()) {
    // The time limit: the script ends by its own fatal error at the next VM instruction.
    raise_interrupt(state);
    return;
  }
  php_handle_aborted_connection();
}

void set_status(int status) {
  // Drops a status line that was set before, too.
  sapi_header_op(SAPI_HEADER_SET_STATUS,
                 reinterpret_cast<void*>(static_cast<zend_intptr_t>(status)));
}

}  // namespace

size_t write_output(const char* bytes, size_t size) {
  RequestState* state = current_state;
  if (state == nullptr || !state->in_request) {
    // Warnings of PHP's start; what a worker script prints between requests.
    keep_last_words(state, {bytes, size});
    return ::write(STDERR_FILENO, bytes, size) < 0 ? 0 : size;
  }
  if (!state->connected() || state->channel->ended()) return size;
  channel::PhaseClock& phases = state->channel->phases();
  const channel::Phase phase = phases.enter(channel::Phase::kOutput);
  bool taken = state->answer.write({bytes, size});
  if (taken && state->event_stream) taken = state->answer.flush();
  phases.enter(phase);
  if (!taken) output_refused(state);
  return size;
}

void flush_output(void*) {
  RequestState* state = current_state;
  if (state == nullptr || !state->connected()) return;
  // As under PHP-FPM the head goes out with the first output that leaves PHP, not with flush().
  if (!SG(headers_sent) || state->channel->ended()) return;
  state->streaming = true;
  channel::PhaseClock& phases = state->channel->phases();
  const channel::Phase phase = phases.enter(channel::Phase::kOutput);
  const bool taken = state->answer.flush();
  phases.enter(phase);
  if (!taken) output_refused(state);
}

void end_answer() {
  RequestState* state = current_state;
  if (!answer_is_open()) return;
  // A profile tells of the shutdown, too: end_profiled_answer().
  if (state->channel->phases().on() && !state->streaming) return;
  state->answer.end();
}

void end_profiled_answer() {
  if (current_state->channel->phases().on() && answer_is_open()) current_state->answer.end();
}

bool answer_is_open() {
  RequestState* state = current_state;
  return state != nullptr && state->connected() && !state->channel->ended();
}

bool is_streaming() { return answer_is_open() && current_state->streaming; }

bool finish_answer() {
  if (!answer_is_open()) return false;
  php_output_end_all();
  php_header();
  // An output callback may have been here before.
  if (!answer_is_open()) return true;
  RequestState* state = current_state;
  // Its time was up before this: REQUEST_TIMEOUT ends the script, answered or not.
  if (state->channel->cancelled()) return output_refused(state), true;
  // What is said from now on tells nothing of the client.
  if (state->channel->client_gone()) PG(connection_status) |= PHP_CONNECTION_ABORTED;
  state->answer.finish();
  return true;
}

bool begin_stream(int status) {
  if (!answer_is_open()) return false;
  const bool first = !SG(headers_sent);
  if (first) set_status(status);
  php_output_end_all();
  php_header();
  sapi_flush();
  return first;
}

bool flush_stream() {
  if (!is_streaming()) return false;
  php_output_flush_all();
  sapi_flush();
  return true;
}

void send_head_now(int status) {
  if (SG(headers_sent)) {
    // Too late for the client; http_response_code() tells it all the same.
    SG(sapi_headers).http_response_code = status;
    return;
  }
  set_status(status);
  sapi_send_headers();
  sapi_flush();
}

bool send_interim_head(int status) {
  if (SG(headers_sent) || !answer_is_open()) return false;
  AnswerWriter& answer = current_state->answer;
  answer.begin_head(status);
  size_t fields = 0;
  for (zend_llist_element* at = SG(sapi_headers).headers.head; at != nullptr; at = at->next) {
    auto field = split_field(reinterpret_cast<sapi_header_struct*>(at->data));
    if (field.name.empty() || same_name(field.name, kStatusField)) continue;
    answer.add(field.name, field.value);
    if (++fields > channel::kMaxResponseFields ||
        answer.head_bytes() > channel::kMaxResponseHeadBytes) {
      return false;
    }
  }
  return answer.send_interim();
}

int send_response_head(sapi_headers_struct* headers) {
  RequestState* state = current_state;
  if (state == nullptr || !state->connected() || state->channel->ended()) {
    return SAPI_HEADER_SENT_SUCCESSFULLY;
  }
  int status = status_of(headers);
  // What a script says of 1xx would be an interim answer without an end.
  if (status < 200 || status > 999) {
    char text[64];
    snprintf(text, sizeof text, "%d is not the status of an answer: answering 500", status);
    state->channel->log(kErrorLevel, text);
    status = 500;
  }
  AnswerWriter& answer = state->answer;
  answer.begin_head(status);
  look_at_head(headers, answer);
  size_t fields = 0;
  for (zend_llist_element* at = headers->headers.head; at != nullptr; at = at->next) {
    auto field = split_field(reinterpret_cast<sapi_header_struct*>(at->data));
    if (field.name.empty() || same_name(field.name, kStatusField)) continue;
    if (same_name(field.name, "Content-Type")) {
      if (status == 304) continue;
      state->event_stream = codec::is_media_type(field.value, "text/event-stream");
      state->streaming = state->streaming || state->event_stream;
    }
    answer.add(field.name, field.value);
    if (++fields + AnswerWriter::kAddedFields > channel::kMaxResponseFields ||
        answer.head_bytes() > channel::kMaxResponseHeadBytes) {
      state->channel->log(kErrorLevel, "the response head is too large: answering 500");
      answer.begin_head(500);
      break;
    }
  }
  // A refusal shows again at the output that follows.
  answer.send_head();
  return SAPI_HEADER_SENT_SUCCESSFULLY;
}

}  // namespace howdah::php

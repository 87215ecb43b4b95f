#include "php/request_body.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "php/php_api.h"
#include "php/request_state.h"

namespace howdah::php {
namespace {

// A body that PHP's lazy php://input keeps in memory (SAPI_POST_BLOCK_SIZE); larger ones it would
// put into a file.
constexpr size_t kLazyBytes = 16 << 10;

bool is_inline(const RequestState* state) {
  return state->request->body_size <= state->request->inline_body.size();
}

bool open_body(RequestState* state) {
  if (state->body_fd) return true;
  auto fd = state->channel->body_descriptor();
  if (!fd) return false;
  state->body_fd = std::move(*fd);
  return true;
}

// Makes the body the stream behind php://input, unless something has read of it.
void give_body_stream(RequestState* state) {
  const channel::Request* request = state->request;
  // A form belongs to PHP's own reader. One that has refused it (post_max_size) has read nothing,
  // and the reader of multipart forms comes later.
  if (SG(request_info).post_entry != nullptr || SG(request_info).request_body != nullptr ||
      SG(post_read) != 0 || state->body_read != 0 || request->body_size == 0) {
    return;
  }
  php_stream* stream = nullptr;
  if (is_inline(state)) {
    zend_string* body =
        zend_string_init(request->inline_body.data(), request->inline_body.size(), 0);
    stream = php_stream_memory_open(TEMP_STREAM_READONLY, body);
    zend_string_release(body);
  } else if (open_body(state)) {
    // The stream closes its descriptor at the end of the request.
    stream = php_stream_fopen_from_fd(state->body_fd.release(), "rb", nullptr);
  }
  if (stream == nullptr) return;
  SG(request_info).request_body = stream;
  SG(post_read) = 1;
}

// Streams that are to be closed, by their numbers as resources, which PHP never uses again.
struct Left {
  static constexpr size_t kMost = 16;
  zend_long handles[kMost];
  size_t count = 0;
};
thread_local Left left;

void leave(php_stream* body) {
  // With so many held the script is to blame; the rest goes at its end.
  if (left.count < Left::kMost) left.handles[left.count++] = body->res->handle;
}

// Whether a stream that the script opened on php://input reads from `body`: it keeps a bare pointer
// to it.
bool script_reads(php_stream* body) {
  zval* entry;
  ZEND_HASH_FOREACH_VAL(&EG(regular_list), entry) {
    if (Z_TYPE_P(entry) != IS_RESOURCE || Z_RES_TYPE_P(entry) != php_file_le_stream()) continue;
    auto* stream = static_cast<php_stream*>(Z_RES_VAL_P(entry));
    if (stream == nullptr || stream->abstract == nullptr ||
        strcmp(stream->ops->label, "Input") != 0)
      continue;
    if (*static_cast<php_stream**>(stream->abstract) == body) return true;
  }
  ZEND_HASH_FOREACH_END();
  return false;
}

// Nullptr when the script has closed it itself.
php_stream* stream_of(zend_long handle) {
  zval* entry = zend_hash_index_find(&EG(regular_list), static_cast<zend_ulong>(handle));
  if (entry == nullptr || Z_RES_TYPE_P(entry) != php_file_le_stream()) return nullptr;
  return static_cast<php_stream*>(Z_RES_VAL_P(entry));
}

}  // namespace

size_t read_body(char* into, size_t size) {
  RequestState* state = current_state;
  if (state == nullptr || state->request == nullptr || state->detached != 0) return 0;
  const channel::Request* request = state->request;
  size =
      std::min<uint64_t>(size, request->body_size - std::min(request->body_size, state->body_read));
  if (size == 0) return 0;
  if (is_inline(state)) {
    std::memcpy(into, request->inline_body.data() + state->body_read, size);
    state->body_read += size;
    return size;
  }
  if (!open_body(state)) return 0;
  // Callers take less than they asked for as the end of the body.
  size_t done = 0;
  while (done < size) {
    ssize_t got = ::pread(state->body_fd.get(), into + done, size - done,
                          static_cast<off_t>(state->body_read));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<size_t>(got);
    state->body_read += static_cast<uint64_t>(got);
  }
  return done;
}

void read_unknown_form() {
  // After a form reader of PHP's own there is nothing left to do.
  if (SG(request_info).post_entry != nullptr) return;
  if (SG(post_max_size) > 0 && SG(request_info).content_length > SG(post_max_size)) {
    php_error_docref(nullptr, E_WARNING,
                     "POST Content-Length of " ZEND_LONG_FMT
                     " bytes exceeds the limit of " ZEND_LONG_FMT " bytes",
                     static_cast<zend_long>(SG(request_info).content_length),
                     static_cast<zend_long>(SG(post_max_size)));
    return;
  }
  // PHP's own reader has read the body by now: a script may seek before it reads.
  if (current_state != nullptr && current_state->request != nullptr) {
    give_body_stream(current_state);
  }
}

void close_body_stream() {
  if (php_stream* body = SG(request_info).request_body; body != nullptr) {
    SG(request_info).request_body = nullptr;
    SG(post_read) = 1;  // nothing is left to be taken in
    leave(body);
  }
  for (size_t i = left.count; i-- > 0;) {
    php_stream* stream = stream_of(left.handles[i]);
    if (stream != nullptr && (GC_REFCOUNT(stream->res) > 1 || script_reads(stream))) continue;
    left.handles[i] = left.handles[--left.count];
    if (stream != nullptr) php_stream_close(stream);
  }
}

void forget_body_streams() { left.count = 0; }

void attach_body_stream(RequestState* state) {
  if (state->request->body_size > kLazyBytes) give_body_stream(state);
}

}  // namespace howdah::php

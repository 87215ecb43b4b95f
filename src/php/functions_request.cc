#include "base/clock.h"
#include "channel/control.h"
#include "php/function_list.h"
#include "php/request_state.h"

// The functions that tell of the request, the worker and the headers.

namespace howdah::php {
namespace {

constexpr std::string_view kHttpPrefix = "HTTP_";

// HTTP_ACCEPT_LANGUAGE -> Accept-Language; CONTENT_TYPE and CONTENT_LENGTH are headers, too.
void add_request_header(zval* array, std::string_view name, std::string_view value) {
  char header[256];
  bool content = name == "CONTENT_TYPE" || name == "CONTENT_LENGTH";
  if (content && value.empty()) return;
  if (!content) {
    if (!name.starts_with(kHttpPrefix)) return;
    name.remove_prefix(kHttpPrefix.size());
  }
  if (name.size() > sizeof header) return;
  bool word_start = true;
  for (size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    // As PHP-FPM: of two in a row the second stays.
    if (c == '_' && !word_start) {
      header[i] = '-';
      word_start = true;
      continue;
    }
    header[i] = !word_start && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    word_start = false;
  }
  zval text;
  ZVAL_STRINGL_FAST(&text, value.data(), value.size());
  zend_symtable_str_update(Z_ARRVAL_P(array), header, name.size(), &text);
}

void list_request_headers(zval* return_value) {
  array_init(return_value);
  RequestState* state = current_state;
  if (state == nullptr || !state->in_request) return;
  channel::RequestView view = state->request->vars;
  channel::RequestView::Item item;
  while (view.next(item)) add_request_header(return_value, item.name, item.value);
}

// Of several fields of one name the last one.
void list_response_headers(zval* return_value) {
  array_init(return_value);
  for (zend_llist_element* at = SG(sapi_headers).headers.head; at != nullptr; at = at->next) {
    auto* header = reinterpret_cast<sapi_header_struct*>(at->data);
    std::string_view line(header->header, header->header_len);
    size_t colon = line.find(':');
    if (colon == line.npos || colon == 0) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    add_assoc_stringl_ex(return_value, line.data(), colon, value.data(), value.size());
  }
}

}  // namespace

PHP_FUNCTION(tokio_request_id) {
  ZEND_PARSE_PARAMETERS_NONE();
  RequestState* state = current_state;
  std::string_view id;
  if (state != nullptr && state->in_request) id = state->var(channel::Var::kTokioRequestId);
  RETURN_STRINGL(id.data() == nullptr ? "" : id.data(), id.size());
}

PHP_FUNCTION(tokio_worker_id) {
  ZEND_PARSE_PARAMETERS_NONE();
  RETURN_LONG(current_state == nullptr ? 0 : static_cast<zend_long>(current_state->worker));
}

PHP_FUNCTION(tokio_server_info) {
  ZEND_PARSE_PARAMETERS_NONE();
  array_init(return_value);
  add_assoc_string(return_value, "name", "howdah");
  add_assoc_string(return_value, "version", HOWDAH_VERSION);
  std::string_view build = channel::build_id();
  add_assoc_stringl(return_value, "build", build.data(), build.size());
  add_assoc_string(return_value, "php_sapi", sapi_module.name);
#ifdef ZTS
  constexpr bool kThreads = true;
#else
  constexpr bool kThreads = false;
#endif
  add_assoc_bool(return_value, "zts", kThreads);
  add_assoc_long(return_value, "workers",
                 current_state == nullptr ? 0 : static_cast<zend_long>(current_state->workers));
  add_assoc_string(return_value, "mode", kThreads ? "thread" : "process");
}

PHP_FUNCTION(tokio_request_heartbeat) {
  zend_long time = 10;
  ZEND_PARSE_PARAMETERS_START(0, 1)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG(time)
  ZEND_PARSE_PARAMETERS_END();
  RequestState* state = current_state;
  if (state == nullptr || !state->connected()) RETURN_FALSE;
  if (time <= 0 || time > static_cast<zend_long>(state->request->vars.time_limit())) RETURN_FALSE;
  state->channel->want_deadline(base::monotonic_now() + time * base::kSecond);
  RETURN_TRUE;
}

PHP_FUNCTION(apache_request_headers) {
  ZEND_PARSE_PARAMETERS_NONE();
  list_request_headers(return_value);
}

PHP_FUNCTION(frankenphp_request_headers) {
  ZEND_PARSE_PARAMETERS_NONE();
  list_request_headers(return_value);
  zend_hash_str_del(Z_ARRVAL_P(return_value), "Host", strlen("Host"));
}

PHP_FUNCTION(apache_response_headers) {
  ZEND_PARSE_PARAMETERS_NONE();
  list_response_headers(return_value);
}

PHP_FUNCTION(frankenphp_response_headers) {
  ZEND_PARSE_PARAMETERS_NONE();
  list_response_headers(return_value);
}

}  // namespace howdah::php

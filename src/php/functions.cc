#include "php/functions.h"

#include "base/clock.h"
#include "channel/control.h"
#include "php/filter_input.h"
#include "php/ini.h"
#include "php/request_state.h"
#include "php/server_variables.h"

namespace howdah::php {
namespace {

constexpr std::string_view kHttpPrefix = "HTTP_";

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

PHP_FUNCTION(apache_request_headers) {
  ZEND_PARSE_PARAMETERS_NONE();
  array_init(return_value);
  RequestState* state = current_state;
  if (state == nullptr || !state->in_request) return;
  channel::RequestView view = state->request->vars;
  channel::RequestView::Item item;
  while (view.next(item)) add_request_header(return_value, item.name, item.value);
}

PHP_FUNCTION(apache_response_headers) {
  ZEND_PARSE_PARAMETERS_NONE();
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

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_returns_string, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_returns_int, 0, 0, IS_LONG, 0)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_returns_array, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_heartbeat, 0, 0, _IS_BOOL, 0)
ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, time, IS_LONG, 0, "10")
ZEND_END_ARG_INFO()

#define HOWDAH_FPM_FUNCTIONS                                               \
  PHP_FE(apache_request_headers, arginfo_returns_array)                    \
  PHP_FALIAS(getallheaders, apache_request_headers, arginfo_returns_array) \
  PHP_FE(apache_response_headers, arginfo_returns_array)

const zend_function_entry all_functions[] = {
    PHP_FE(tokio_request_id, arginfo_returns_string) PHP_FE(tokio_worker_id, arginfo_returns_int)
        PHP_FE(tokio_server_info, arginfo_returns_array)
            PHP_FE(tokio_request_heartbeat, arginfo_heartbeat) HOWDAH_FPM_FUNCTIONS PHP_FE_END};
const zend_function_entry fpm_functions[] = {HOWDAH_FPM_FUNCTIONS PHP_FE_END};

PHP_MINIT_FUNCTION(howdah) {
  (void)type;
  (void)module_number;
  intern_server_keys();
  wrap_filter_functions();
  apply_jit_default();
  return SUCCESS;
}

PHP_MINFO_FUNCTION(howdah) {
  (void)zend_module;
  php_info_print_table_start();
  php_info_print_table_row(2, "Howdah", HOWDAH_VERSION);
  php_info_print_table_end();
}

zend_module_entry module_entry = {STANDARD_MODULE_HEADER,
                                  "tokio_sapi",
                                  all_functions,
                                  PHP_MINIT(howdah),
                                  nullptr,
                                  nullptr,
                                  nullptr,
                                  PHP_MINFO(howdah),
                                  HOWDAH_VERSION,
                                  STANDARD_MODULE_PROPERTIES};

}  // namespace

zend_module_entry* server_module(FunctionSet functions) {
  if (functions == FunctionSet::kFpmOnly) {
    module_entry.name = "howdah";
    module_entry.functions = fpm_functions;
  }
  return &module_entry;
}

}  // namespace howdah::php

#include "php/functions.h"

#include "php/execution_timer.h"
#include "php/filter_input.h"
#include "php/function_list.h"
#include "php/ini.h"
#include "php/server_variables.h"

namespace howdah::php {
namespace {

// What reflection tells; php/stubs says the same, and a test compares the two.
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_returns_string, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_returns_int, 0, 0, IS_LONG, 0)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_returns_bool, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_returns_array, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_MASK_EX(arginfo_returns_array_or_bool, 0, 0,
                                        MAY_BE_ARRAY | MAY_BE_BOOL)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tokio_request_heartbeat, 0, 0, _IS_BOOL, 0)
ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, time, IS_LONG, 0, "10")
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tokio_send_headers, 0, 0, _IS_BOOL, 0)
ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, status, IS_LONG, 0, "200")
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_headers_send, 0, 0, IS_LONG, 0)
ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, status, IS_LONG, 0, "200")
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_frankenphp_log, 0, 1, IS_VOID, 0)
ZEND_ARG_TYPE_INFO(0, message, IS_STRING, 0)
ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, level, IS_LONG, 0, "0")
ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, context, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_handle_request, 0, 1, _IS_BOOL, 0)
ZEND_ARG_TYPE_INFO(0, callback, IS_CALLABLE, 0)
ZEND_END_ARG_INFO()

// Those that PHP-FPM has, too.
#define HOWDAH_FPM_FUNCTIONS                                               \
  PHP_FE(apache_request_headers, arginfo_returns_array)                    \
  PHP_FALIAS(getallheaders, apache_request_headers, arginfo_returns_array) \
  PHP_FE(apache_response_headers, arginfo_returns_array)                   \
  PHP_FE(fastcgi_finish_request, arginfo_returns_bool)

// clang-format off
const zend_function_entry all_functions[] = {
    HOWDAH_FPM_FUNCTIONS
    PHP_FE(tokio_request_id, arginfo_returns_string)
    PHP_FE(tokio_worker_id, arginfo_returns_int)
    PHP_FE(tokio_server_info, arginfo_returns_array)
    PHP_FE(tokio_request_heartbeat, arginfo_tokio_request_heartbeat)
    PHP_FE(tokio_finish_request, arginfo_returns_bool)
    PHP_FE(tokio_send_headers, arginfo_tokio_send_headers)
    PHP_FE(tokio_stream_flush, arginfo_returns_bool)
    PHP_FE(tokio_is_streaming, arginfo_returns_bool)
    PHP_FE(headers_send, arginfo_headers_send)
    PHP_FALIAS(frankenphp_finish_request, fastcgi_finish_request, arginfo_returns_bool)
    PHP_FE(frankenphp_request_headers, arginfo_returns_array)
    PHP_FE(frankenphp_response_headers, arginfo_returns_array_or_bool)
    PHP_FE(frankenphp_log, arginfo_frankenphp_log)
    PHP_FE(frankenphp_handle_request, arginfo_handle_request)
    PHP_FE_END};
// clang-format on
const zend_function_entry fpm_functions[] = {HOWDAH_FPM_FUNCTIONS PHP_FE_END};

extern zend_module_entry module_entry;

PHP_MINIT_FUNCTION(howdah) {
  (void)type;
  if (module_entry.functions == all_functions) register_log_levels(module_number);
  intern_server_keys();
  wrap_filter_functions();
  apply_jit_default();
  return SUCCESS;
}

PHP_RSHUTDOWN_FUNCTION(howdah) {
  (void)type, (void)module_number;
  // The host's own thread runs PHP now and then, and has nobody to delete a timer that is kept.
  if (current_state != nullptr) keep_execution_timer();
  return SUCCESS;
}

PHP_MINFO_FUNCTION(howdah) {
  (void)zend_module;
  php_info_print_table_start();
  php_info_print_table_row(2, "Howdah", HOWDAH_VERSION);
  php_info_print_table_end();
}

zend_module_entry module_entry = {STANDARD_MODULE_HEADER,    "tokio_sapi",      all_functions,
                                  PHP_MINIT(howdah),         nullptr,           nullptr,
                                  PHP_RSHUTDOWN(howdah),     PHP_MINFO(howdah), HOWDAH_VERSION,
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

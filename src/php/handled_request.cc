#include "php/handled_request.h"

#include <ext/random/php_random.h>
#include <ext/session/php_session.h>

// PHP declares it for C alone.
extern "C" int reset_url_scanner() __asm__("php_url_scanner_reset_session_vars");

#include "php/request_info.h"
#include "php/response.h"

namespace howdah::php {
namespace {

// Whether `step` came to its end. After a bailout PHP's VM has no frame to return to: the caller
// goes on with what must be done and ends by zend_bailout() itself.
template <class Step>
bool attempt(Step step) {
  volatile bool ended = true;
  zend_try { step(); }
  zend_catch { ended = false; }
  zend_end_try();
  return ended;
}

// Modules with state of a request that they drop in RSHUTDOWN alone. Constant after PHP's start.
zend_module_entry* find_module(const char* name) {
  return static_cast<zend_module_entry*>(
      zend_hash_str_find_ptr(&module_registry, name, strlen(name)));
}

zend_module_entry* session_module() {
  static zend_module_entry* const module = find_module("session");
  return module;
}

zend_module_entry* filter_module() {
  static zend_module_entry* const module = find_module("filter");
  return module;
}

// Writes and closes the session and forgets it; the script's own save handlers stay, which the
// module's RSHUTDOWN would drop. False after a bailout.
bool end_session() {
  zend_module_entry* module = session_module();
  if (module == nullptr || module->request_shutdown_func == nullptr) return true;
  bool untouched = PS(session_status) == php_session_none && PS(id) == nullptr &&
                   Z_ISUNDEF(PS(http_session_vars)) && PS(mod_data) == nullptr &&
                   PS(session_vars) == nullptr;
  if (untouched) return true;
  decltype(php_ps_globals::mod_user_names) handlers;
  memcpy(&handlers, &PS(mod_user_names), sizeof handlers);
  auto* each = reinterpret_cast<zval*>(&handlers);
  for (size_t i = 0; i < sizeof handlers / sizeof(zval); ++i) Z_TRY_ADDREF(each[i]);
  zend_string* handler_class = PS(mod_user_class_name);
  if (handler_class != nullptr) zend_string_addref(handler_class);
  bool ended =
      attempt([module] { module->request_shutdown_func(module->type, module->module_number); });
  memcpy(&PS(mod_user_names), &handlers, sizeof handlers);
  PS(mod_user_class_name) = handler_class;
  zend_hash_str_del(&EG(symbol_table), "_SESSION", sizeof "_SESSION" - 1);
  if (PS(use_trans_sid)) reset_url_scanner();
  return ended;
}

void begin_session() {
  zend_module_entry* module = session_module();
  if (module != nullptr && module->request_startup_func != nullptr) {
    module->request_startup_func(module->type, module->module_number);
  }
}

// The copies of GET, POST, COOKIE and SERVER that filter_input() reads.
void end_filter() {
  zend_module_entry* module = filter_module();
  if (module != nullptr && module->request_shutdown_func != nullptr) {
    module->request_shutdown_func(module->type, module->module_number);
  }
}

void forget_last_error() {
  if (PG(last_error_message) == nullptr) return;
  PG(last_error_type) = 0;
  PG(last_error_lineno) = 0;
  zend_string_release(PG(last_error_message));
  PG(last_error_message) = nullptr;
  if (PG(last_error_file) != nullptr) zend_string_release(PG(last_error_file));
  PG(last_error_file) = nullptr;
}

// Whether a stream that the script opened on php://input reads from `body`; such a stream keeps a
// bare pointer to it.
bool script_reads(php_stream* body) {
  HashTable* resources = &EG(regular_list);
  for (uint32_t i = 0; i < resources->nNumUsed; ++i) {
    zval* entry = &resources->arPacked[i];
    if (Z_TYPE_P(entry) != IS_RESOURCE || Z_RES_TYPE_P(entry) != php_file_le_stream()) continue;
    auto* stream = static_cast<php_stream*>(Z_RES_VAL_P(entry));
    if (stream == nullptr || stream->abstract == nullptr ||
        strcmp(stream->ops->label, "Input") != 0)
      continue;
    if (*static_cast<php_stream**>(stream->abstract) == body) return true;
  }
  return false;
}

// PHP forgets the body without closing it: at the end of a real request all streams go anyway.
void close_body() {
  php_stream* body = SG(request_info).request_body;
  if (body == nullptr) return;
  if (GC_REFCOUNT(body->res) == 1 && !script_reads(body)) {
    SG(request_info).request_body = nullptr;
    SG(post_read) = 1;  // nothing is left to be taken in
    php_stream_close(body);
  }
}

void start_output() {
  php_output_activate();
  PG(header_is_being_sent) = 0;
  PG(connection_status) = PHP_CONNECTION_NORMAL;
}

// As php_request_startup() does.
void start_output_handlers() {
  if (PG(output_handler) != nullptr && PG(output_handler)[0] != '\0') {
    zval handler;
    ZVAL_STRING(&handler, PG(output_handler));
    php_output_start_user(&handler, 0, PHP_OUTPUT_HANDLER_STDFLAGS);
    zval_ptr_dtor(&handler);
  } else if (PG(output_buffering) != 0) {
    php_output_start_user(nullptr, PG(output_buffering) > 1 ? PG(output_buffering) : 0,
                          PHP_OUTPUT_HANDLER_STDFLAGS);
  } else if (PG(implicit_flush)) {
    php_output_set_implicit_flush(1);
  }
}

void import_superglobal(const char* name, size_t size) {
  auto* global =
      static_cast<zend_auto_global*>(zend_hash_str_find_ptr(CG(auto_globals), name, size));
  if (global == nullptr || global->auto_global_callback == nullptr) return;
  bool seen = zend_hash_exists(&EG(symbol_table), global->name);
  if (global->jit && !seen) {
    // As at the start of a script: made when code that mentions it is compiled.
    global->armed = true;
    return;
  }
  global->armed = global->auto_global_callback(global->name);
}

#define HOWDAH_IMPORT(name) import_superglobal(name, sizeof name - 1)

void import_superglobals() {
  zval* files = &PG(http_globals)[TRACK_VARS_FILES];
  // A body that is a form fills $_FILES together with $_POST.
  zval_ptr_dtor(files);
  ZVAL_UNDEF(files);
  HOWDAH_IMPORT("_GET");
  HOWDAH_IMPORT("_POST");
  HOWDAH_IMPORT("_COOKIE");
  HOWDAH_IMPORT("_SERVER");
  HOWDAH_IMPORT("_REQUEST");
  HOWDAH_IMPORT("_FILES");
}

#undef HOWDAH_IMPORT

// What the script may have left of output and headers since the last request.
void leave_idle() {
  php_output_end_all();
  php_output_deactivate();
  sapi_deactivate();
  SG(request_info).content_type_dup = nullptr;
}

void enter_idle() {
  clear_request_info();
  SG(sapi_headers).http_response_code = 200;
  sapi_activate();
  start_output();
}

void start_timer() { zend_set_timeout(EG(timeout_seconds), 0); }

}  // namespace

bool report_exception() {
  if (EG(exception) == nullptr) return true;
  if (zend_is_unwind_exit(EG(exception))) return false;
  if (zend_is_graceful_exit(EG(exception))) return false;
  zend_object* exception = EG(exception);
  // Logs and prints without ending the script, and releases it.
  zend_exception_error(exception, E_ERROR);
  EG(exception) = nullptr;
  // The loop's own end is to be judged by itself.
  EG(exit_status) = 0;
  return true;
}

void end_boot() {
  bool ended = end_session();
  leave_idle();
  enter_idle();
  zend_unset_timeout();
  if (!ended) zend_bailout();
}

void start_handled_request(RequestState* state, const zval* error_handler) {
  leave_idle();
  // Not before: what was left would be this request's answer.
  state->in_request = true;
  forget_last_error();
  RANDOM_G(mt19937_seeded) = false;
  RANDOM_G(combined_lcg_seeded) = false;

  zval own_handler;
  ZVAL_COPY_VALUE(&own_handler, &EG(user_error_handler));
  ZVAL_COPY_VALUE(&EG(user_error_handler), error_handler);
  auto displayed = PG(display_errors);
  PG(display_errors) = 0;
  bool started = attempt([state] {
    set_request_info(state);
    start_output();
    sapi_activate();
    restore_request_method(state);
    if (PG(expose_php)) {
      sapi_add_header(const_cast<char*>(SAPI_PHP_VERSION_HEADER),
                      sizeof SAPI_PHP_VERSION_HEADER - 1, 1);
    }
    start_output_handlers();
    begin_session();
    import_superglobals();
  });
  PG(display_errors) = displayed;
  ZVAL_COPY_VALUE(&EG(user_error_handler), &own_handler);
  if (!started) zend_bailout();
  start_timer();
}

void start_empty_request() {
  leave_idle();
  clear_request_info();
  enter_idle();
  import_superglobals();
}

bool end_handled_request(RequestState* state) {
  bool ended = attempt([] { php_output_end_all(); });
  bool sound = report_exception();
  zend_unset_timeout();
  ended = end_session() && ended;
  ended = attempt(end_filter) && ended;
  sound = report_exception() && sound;
  ended = attempt([] {
            php_output_deactivate();
            close_body();
          }) &&
          ended;
  sapi_deactivate();
  SG(request_info).content_type_dup = nullptr;
  zend_set_memory_limit(PG(memory_limit));
  state->in_request = false;
  enter_idle();
  if (!ended) zend_bailout();
  return sound;
}

}  // namespace howdah::php

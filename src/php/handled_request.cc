#include "php/handled_request.h"

#include "php/attempt.h"
#include "php/request_body.h"
#include "php/request_info.h"
#include "php/request_modules.h"
#include "php/response.h"

namespace howdah::php {
namespace {

void start_output() {
  php_output_activate();
  PG(header_is_being_sent) = 0;
  PG(connection_status) = PHP_CONNECTION_NORMAL;
}

// The next request's headers are not the business of what was registered outside of it.
void drop_header_callback() {
  zval_ptr_dtor(&SG(callback_func));
  ZVAL_UNDEF(&SG(callback_func));
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

// Whether the script has printed nothing between two requests, and said nothing of headers: so it
// is nearly always, and then PHP's layers are as a request finds them.
bool idle_untouched() {
  return OG(active) == nullptr && OG(flags) == PHP_OUTPUT_ACTIVATED && !SG(headers_sent) &&
         SG(sapi_headers).headers.count == 0 && SG(sapi_headers).mimetype == nullptr &&
         SG(sapi_headers).http_status_line == nullptr && SG(request_info).request_body == nullptr &&
         SG(request_info).current_user == nullptr && Z_ISUNDEF(SG(callback_func));
}

// What the script may have left of output and headers outside of a request.
void drop_idle_output() {
  if (idle_untouched()) return;
  drop_header_callback();
  php_output_end_all();
  php_output_deactivate();
  close_body_stream();
  sapi_deactivate();
  SG(request_info).content_type_dup = nullptr;
  SG(request_info).current_user = nullptr;
  start_output();
}

// After sapi_deactivate(). Headers that the script sets here are kept in a list nobody sends.
void enter_idle() {
  SG(request_info).content_type_dup = nullptr;
  SG(request_info).current_user = nullptr;
  clear_request_info();
  SG(sapi_headers).http_response_code = 200;
  start_output();
}

// max_input_time counts while a body is parsed, where it is set.
void start_input_timer(RequestState* state) {
  if (PG(max_input_time) != -1 && state->request->body_size != 0) {
    zend_set_timeout(PG(max_input_time), 0);
  }
}

// Off while the script waits where PHP's timer counts time that passes. One that counts CPU time
// does no harm there, and the next request sets it again.
void stop_timer() {
#ifdef ZEND_MAX_EXECUTION_TIMERS
  zend_unset_timeout();
#endif
}

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
  bool ended = end_request_modules();
  drop_idle_output();
  sapi_deactivate();
  enter_idle();
  zend_unset_timeout();
  if (!ended) zend_bailout();
}

bool leave_idle() {
  bool ended = end_session();
  drop_idle_output();
  if (!ended) zend_bailout();
  return EG(exception) == nullptr;
}

void start_handled_request(RequestState* state, const ErrorHandler& handler) {
  state->in_request = true;
  forget_last_request();

  ErrorHandler own;
  own.levels = EG(user_error_handler_error_reporting);
  ZVAL_COPY_VALUE(&own.callable, &EG(user_error_handler));
  // With a reference of its own: a handler that sets another one drops it.
  ZVAL_COPY(&EG(user_error_handler), &handler.callable);
  EG(user_error_handler_error_reporting) = handler.levels;
  auto displayed = PG(display_errors);
  auto time_limit = EG(timeout_seconds);
  PG(display_errors) = 0;
  bool started = attempt([state] {
    set_request_info(state);
    start_input_timer(state);
    sapi_activate();
    if (PG(expose_php)) {
      sapi_add_header(const_cast<char*>(SAPI_PHP_VERSION_HEADER),
                      sizeof SAPI_PHP_VERSION_HEADER - 1, 1);
    }
    start_output_handlers();
    import_superglobals();
    restore_request_method(state);
    begin_request_modules();
  });
  PG(display_errors) = displayed;
  zval_ptr_dtor(&EG(user_error_handler));
  ZVAL_COPY_VALUE(&EG(user_error_handler), &own.callable);
  EG(user_error_handler_error_reporting) = own.levels;
  if (!started) zend_bailout();
  zend_set_timeout(time_limit, 0);
}

void start_empty_request() {
  zend_unset_timeout();
  import_superglobals();
}

void end_handled_request(RequestState* state) {
  state->channel->phases().enter(channel::Phase::kShutdown);
  // As at the end of a script, where no frame is below: what a callback throws is reported at once,
  // before the head is sent, and it ends the script, as exit() does.
  zend_execute_data* below = EG(current_execute_data);
  EG(current_execute_data) = nullptr;
  bool ended = attempt(write_session_of_script);
  ended = attempt(php_output_end_all) && ended;
  stop_timer();
  ended = end_request_modules() && ended;
  // Sessions may have set headers. A callback for them is the last of the script's code.
  ended = attempt([] { php_header(); }) && ended;
  ended = attempt([] {
            php_output_deactivate();
            close_body_stream();
          }) &&
          ended;
  sapi_deactivate();
  zend_set_memory_limit(PG(memory_limit));
  end_profiled_answer();
  state->in_request = false;
  enter_idle();
  EG(current_execute_data) = below;
  if (!ended) zend_bailout();
}

}  // namespace howdah::php

#include "php/request_modules.h"

#include "php/attempt.h"
#include "php/php_api.h"

// After php_api.h: they need PHP's own headers.
#include <ext/random/php_random.h>
extern "C" {  // it does not say so itself
#include <ext/session/php_session.h>
}
#include <ext/standard/basic_functions.h>

namespace howdah::php {
namespace {

// Constant after PHP's start; null when the PHP has no such module.
zend_module_entry* find_module(const char* name) {
  return static_cast<zend_module_entry*>(
      zend_hash_str_find_ptr(&module_registry, name, strlen(name)));
}

struct Modules {
  zend_module_entry* session = find_module("session");
  zend_module_entry* filter = find_module("filter");
  zend_module_entry* zlib = find_module("zlib");
};

const Modules& modules() {
  static const Modules found;
  return found;
}

void start(zend_module_entry* module) {
  if (module != nullptr && module->request_startup_func != nullptr) {
    module->request_startup_func(module->type, module->module_number);
  }
}

void shut_down(zend_module_entry* module) {
  if (module != nullptr && module->request_shutdown_func != nullptr) {
    module->request_shutdown_func(module->type, module->module_number);
  }
}

// Constants cannot be removed while code refers to them; this one holds an id of a session.
void empty_session_constant() {
  zval* sid = zend_get_constant_str("SID", strlen("SID"));
  if (sid == nullptr || Z_TYPE_P(sid) != IS_STRING) return;
  zval_ptr_dtor(sid);
  ZVAL_EMPTY_STRING(sid);
}

bool session_untouched() {
  return PS(session_status) == php_session_none && PS(id) == nullptr &&
         Z_ISUNDEF(PS(http_session_vars)) && PS(mod_data) == nullptr && PS(session_vars) == nullptr;
}

// Of session.use_trans_sid and output_add_rewrite_var(). The output handler has gone with the
// buffers; as long as it counts as active no other is started.
void end_rewriter(url_adapt_state_ex_t& state) {
  if (state.active == 0) return;
  smart_str_free(&state.form_app);
  smart_str_free(&state.url_app);
  smart_str_free(&state.result);
  smart_str_free(&state.buf);
  smart_str_free(&state.tag);
  smart_str_free(&state.arg);
  smart_str_free(&state.attr_val);
  state.active = state.tag_type = state.attr_type = 0;
}

}  // namespace

void forget_last_request() {
  RANDOM_G(mt19937_seeded) = false;
  RANDOM_G(combined_lcg_seeded) = false;
  if (PG(last_error_message) == nullptr) return;
  PG(last_error_type) = 0;
  PG(last_error_lineno) = 0;
  zend_string_release(PG(last_error_message));
  PG(last_error_message) = nullptr;
  if (PG(last_error_file) != nullptr) zend_string_release(PG(last_error_file));
  PG(last_error_file) = nullptr;
}

void begin_request_modules() {
  start(modules().zlib);
  start(modules().session);
}

void write_session_of_script() {
  if (modules().session == nullptr || PS(session_status) != php_session_active) return;
  if (PS(mod) != nullptr && strcmp(PS(mod)->s_name, "user") == 0) php_session_flush(1);
}

bool end_session() {
  if (modules().session == nullptr) return true;
  // A script can have made this one without a session.
  zend_hash_str_del(&EG(symbol_table), "_SESSION", strlen("_SESSION"));
  if (session_untouched()) return true;
  decltype(php_ps_globals::mod_user_names) handlers;
  memcpy(&handlers, &PS(mod_user_names), sizeof handlers);
  auto* each = reinterpret_cast<zval*>(&handlers);
  for (size_t i = 0; i < sizeof handlers / sizeof(zval); ++i) Z_TRY_ADDREF(each[i]);
  zend_string* handler_class = PS(mod_user_class_name);
  if (handler_class != nullptr) zend_string_addref(handler_class);
  bool ended = attempt([] { shut_down(modules().session); });
  memcpy(&PS(mod_user_names), &handlers, sizeof handlers);
  PS(mod_user_class_name) = handler_class;
  zend_hash_str_del(&EG(symbol_table), "_SESSION", strlen("_SESSION"));
  empty_session_constant();
  return ended;
}

bool end_request_modules() {
  bool ended = end_session();
  // The copies of GET, POST, COOKIE and SERVER that filter_input() reads.
  shut_down(modules().filter);
  shut_down(modules().zlib);
  end_rewriter(BG(url_adapt_session_ex));
  end_rewriter(BG(url_adapt_output_ex));
  return ended;
}

}  // namespace howdah::php

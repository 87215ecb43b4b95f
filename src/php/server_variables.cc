#include "php/server_variables.h"

#include <unistd.h>

#include <charconv>
#include <vector>

#include "channel/control.h"
#include "php/environment.h"
#include "php/request_state.h"
#include "php/script_environment.h"

namespace howdah::php {
namespace {

struct Pair {
  zend_string* key;
  zend_string* value;
};

// Constant after MINIT; all strings are interned for the life of the process.
struct Keys {
  zend_string* vars[channel::kVarCount];
  zend_string* remote_user;
  zend_string* worker_id;
  std::vector<Pair> environment;  // of the process
  std::vector<Pair> own;          // the server's, the same in each request
};
Keys* keys;

constexpr const char* kWorkerMark = "FRANKENPHP_WORKER";

zend_string* intern(std::string_view text) {
  return zend_string_init_interned(text.data(), text.size(), 1);
}

void append_text(HashTable* table, zend_string* key, std::string_view text) {
  zval value;
  ZVAL_STRINGL_FAST(&value, text.data(), text.size());
  _zend_hash_append(table, key, &value);
}

// Calls `visit(name, value)` for each variable of the request.
template <class Visit>
void for_each_variable(const RequestState* state, Visit visit) {
  channel::RequestView view = state->request->vars;
  channel::RequestView::Item item;
  while (view.next(item)) visit(item.name, item.value);
}

// Only what each request has, too: a framework may put these under the request's own.
void fill_boot_variables(HashTable* table, const ScriptRun& run) {
  using channel::Var;
  zval value;
  for (const auto* pairs : {&keys->environment, &keys->own}) {
    for (const Pair& pair : *pairs) {
      ZVAL_INTERNED_STR(&value, pair.value);
      zend_hash_update(table, pair.key, &value);
    }
  }
  auto set = [table](Var var, std::string_view text) {
    zval text_value;
    ZVAL_STRINGL_FAST(&text_value, text.data(), text.size());
    zend_hash_update(table, keys->vars[static_cast<size_t>(var)], &text_value);
  };
  set(Var::kRequestMethod, "GET");
  set(Var::kRequestUri, "");
  set(Var::kQueryString, "");
  set(Var::kScriptFilename, run.script->path);
  set(Var::kScriptName, run.script->name);
  set(Var::kPhpSelf, run.script->name);
  set(Var::kDocumentRoot, run.script->document_root);
  if (run.waited) return;
  ZVAL_INTERNED_STR(&value, ZSTR_CHAR('1'));
  zend_hash_str_update(table, kWorkerMark, strlen(kWorkerMark), &value);
  for (const std::string& entry : run.script->environment) {
    size_t equals = entry.find('=');
    ZVAL_STRINGL_FAST(&value, entry.data() + equals + 1, entry.size() - equals - 1);
    zend_hash_str_update(table, entry.data(), equals, &value);
  }
}

void (*import_process_environment)(zval*) = nullptr;

void import_environment(zval* array) {
  import_process_environment(array);
#ifdef ZTS
  apply_assignments(array);
#endif
}

void add_request_variables(RequestState* state, zval* array) {
  for_each_variable(state, [array](std::string_view name, std::string_view value) {
    php_register_variable_safe(name.data(), value.data(), value.size(), array);
  });
  for (const Pair& pair : keys->own) {
    php_register_variable_safe(ZSTR_VAL(pair.key), ZSTR_VAL(pair.value), ZSTR_LEN(pair.value),
                               array);
  }
}

// getenv() without a name.
void load_environment(zval* array) {
  import_environment(array);
  RequestState* state = current_state;
  if (state != nullptr && state->in_request) add_request_variables(state, array);
}

// $_ENV. A worker script has one for all of its requests, made when it is first mentioned: nothing
// of that request may be in it.
void fill_env(zval* array) {
  RequestState* state = current_state;
  const bool of_one_request = state != nullptr && state->run.script == nullptr;
  of_one_request ? load_environment(array) : import_environment(array);
}

// All entries are new, and there is room for them.
void append_all(HashTable* table, const std::vector<Pair>& pairs) {
  zval value;
  for (const Pair& pair : pairs) {
    ZVAL_INTERNED_STR(&value, pair.value);
    _zend_hash_append(table, pair.key, &value);
  }
}

}  // namespace

void intern_server_keys() {
  keys = new Keys;
  for (size_t i = 0; i < channel::kVarCount; ++i) keys->vars[i] = intern(channel::kVarNames[i]);
  keys->remote_user = intern("REMOTE_USER");
  keys->worker_id = intern("TOKIO_WORKER_ID");
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    std::string_view entry = *at;
    size_t equals = entry.find('=');
    if (equals == entry.npos || !belongs_in_server(entry.substr(0, equals))) continue;
    keys->environment.push_back(
        {intern(entry.substr(0, equals)), intern(entry.substr(equals + 1))});
  }
  keys->own.push_back({intern("SERVER_SOFTWARE"), intern("howdah/" HOWDAH_VERSION)});
  keys->own.push_back({intern("GATEWAY_INTERFACE"), intern("CGI/1.1")});
  keys->own.push_back({intern("TOKIO_SERVER_BUILD_VERSION"), intern(HOWDAH_VERSION)});
}

void announce_worker_mode(const WorkerScript& script) {
  for (const std::string& entry : script.environment) {
    size_t equals = entry.find('=');
    ::setenv(entry.substr(0, equals).c_str(), entry.c_str() + equals + 1, 1);
  }
  ::setenv(kWorkerMark, "1", 1);
}

void fill_server_variables(zval* array) {
  RequestState* state = current_state;
  if (state == nullptr) return;
  HashTable* table = Z_ARRVAL_P(array);
  if (!state->in_request) {
    if (state->run.script != nullptr) fill_boot_variables(table, state->run);
    return;
  }
  // Room for all, and a few that PHP and scripts add.
  zend_hash_extend(table,
                   static_cast<uint32_t>(keys->environment.size() + keys->own.size()) +
                       state->known_vars + state->named_vars + 10,
                   0);
  append_all(table, keys->environment);
  append_all(table, keys->own);
  for (size_t i = 0; i < channel::kVarCount; ++i) {
    if (state->vars[i].data() != nullptr) append_text(table, keys->vars[i], state->vars[i]);
  }
  char digits[12];
  auto end = std::to_chars(digits, std::end(digits), state->worker).ptr;
  append_text(table, keys->worker_id, {digits, static_cast<size_t>(end - digits)});
  if (SG(request_info).auth_user != nullptr) {
    append_text(table, keys->remote_user, SG(request_info).auth_user);
  }
  if (state->named_vars == 0) return;
  zval value;
  channel::RequestView view = state->request->vars;
  channel::RequestView::Item item;
  while (view.next(item)) {
    if (item.var != channel::Var::kNamed) continue;
    ZVAL_STRINGL_FAST(&value, item.value.data(), item.value.size());
    zend_symtable_str_update(table, item.name.data(), item.name.size(), &value);
  }
}

char* get_variable(const char* name, size_t size) {
  RequestState* state = current_state;
  if (state == nullptr || !state->in_request) return nullptr;
  std::string_view wanted(name, size);
  const char* found = find_variable(*state, wanted).data();
  if (found != nullptr) return const_cast<char*>(found);
  for (const Pair& pair : keys->own) {
    if (wanted == std::string_view(ZSTR_VAL(pair.key), ZSTR_LEN(pair.key))) {
      return ZSTR_VAL(pair.value);
    }
  }
  return nullptr;
}

void install_environment_hooks() {
  import_process_environment = php_import_environment_variables;
  php_import_environment_variables = fill_env;
  php_load_environment_variables = load_environment;
}

}  // namespace howdah::php

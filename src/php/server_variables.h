#pragma once

// $_SERVER, getenv() and $_ENV.
//
// $_SERVER is filled straight from the slot with keys that were interned when PHP started, about a
// fifth of the cost of php_register_variable() each. PHP builds it when a script mentions it
// (auto_globals_jit) and adds PHP_AUTH_* and REQUEST_TIME itself.

#include <cstddef>

#include "php/php_api.h"

namespace howdah::php {

// In MINIT: makes keys and values that last as long as the process.
void intern_server_keys();

// In the host, before there is a worker: getenv() tells scripts that they run in worker mode.
void announce_worker_mode(const WorkerScript& script);

// sapi_module.register_server_variables. Between requests of a worker script: an empty GET.
void fill_server_variables(zval* array);
// sapi_module.getenv: a request's variables, as PHP-FPM answers.
char* get_variable(const char* name, size_t size);
// Adds this request's variables to what $_ENV and getenv() without a name show. Once, after start.
void install_environment_hooks();

}  // namespace howdah::php

#pragma once

// Thread mode: what a script assigns with putenv() is its own.
//
// PHP's putenv() changes the environment of the process, which all threads share, and the end of a
// script puts back what it had found: by then perhaps a string that another script's end has freed.
// Here assignments are kept beside the environment, which never changes. getenv() and $_ENV show
// them, and processes that the script starts have them (PHP 8.3 and later: proc_open(), too).
// Libraries that read the environment themselves see none.

#include "php/php_api.h"

namespace howdah::php {

// Once, in the host, after PHP has started and before there is a worker.
void keep_environments_apart();
// At the start of a classic request or of a worker script.
void forget_assignments();
// To an array that holds the environment of the process.
void apply_assignments(zval* array);

}  // namespace howdah::php

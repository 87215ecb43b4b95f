#pragma once

// How PHP calls the server: the table of callbacks. Each is a few lines that lead into the file
// that does the work.

#include "php/php_api.h"

namespace howdah::php {

// The table, with `name` as PHP_SAPI. The name is kept, not copied.
sapi_module_struct* server_sapi(const char* name);

}  // namespace howdah::php

#pragma once

// Connections to SQLite that a worker script has made before its first request. A forked connection
// can damage its database, so there must be none.

#include "php/php_api.h"

namespace howdah::php {

// The file of the first connection found among the script's PDO and SQLite3 objects, to be
// released; nullptr when there is none. Databases in memory do not count. Can be left by
// zend_bailout.
zend_string* find_sqlite_file();

}  // namespace howdah::php

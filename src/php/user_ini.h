#pragma once

// Settings that belong to a part of the site: `.user.ini` files below the document root, and the
// [PATH=] and [HOST=] sections of php.ini. As PHP-FPM has them, with one difference: files are
// honoured only where `user_ini.filename` is set, since whoever may write into the site may write
// one (main/fastcgi and sapi/fpm/fpm/fpm_main.c of PHP's source: activate_user_config).

#include "php/request_state.h"

namespace howdah::php {

// In the host, before its first worker: makes what tells the workers that the line about a file
// that is not honoured has been written.
void prepare_user_ini();

// In sapi_module.activate: settings of level PHP_INI_PERDIR for this request. The files of a
// directory are read again after `user_ini.cache_ttl` seconds. Looks for files that are not
// honoured once in the life of a worker for each directory.
void activate_user_ini(RequestState* state);

// At the end of a worker: frees what the calling thread has kept.
void forget_user_ini();

}  // namespace howdah::php

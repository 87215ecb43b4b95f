#pragma once

// Every PHP function of the server, to be put into the module's table (functions.cc). A new one is
// declared here, described there and in php/stubs, and lives in the functions_*.cc of its concern.

#include "php/php_api.h"

namespace howdah::php {

// functions_request.cc
PHP_FUNCTION(tokio_request_id);
PHP_FUNCTION(tokio_worker_id);
PHP_FUNCTION(tokio_server_info);
PHP_FUNCTION(tokio_request_heartbeat);
PHP_FUNCTION(apache_request_headers);
PHP_FUNCTION(apache_response_headers);
PHP_FUNCTION(frankenphp_request_headers);
PHP_FUNCTION(frankenphp_response_headers);

// functions_answer.cc
PHP_FUNCTION(tokio_finish_request);
PHP_FUNCTION(fastcgi_finish_request);
PHP_FUNCTION(tokio_send_headers);
PHP_FUNCTION(tokio_stream_flush);
PHP_FUNCTION(tokio_is_streaming);
PHP_FUNCTION(headers_send);

// functions_log.cc
PHP_FUNCTION(frankenphp_log);
// Its levels, as constants.
void register_log_levels(int module_number);

// worker_script.cc
PHP_FUNCTION(frankenphp_handle_request);

}  // namespace howdah::php

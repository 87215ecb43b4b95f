#pragma once

// The answer on its way out of PHP: the head by the rules of the CGI SAPI (as PHP-FPM has them),
// output, flush. These are sapi_module callbacks; PHP calls them at any depth of a script.

#include <cstddef>

#include "php/php_api.h"

namespace howdah::php {

// Writes to the channel. When the client is gone the script is ended or goes on unheard, as
// ignore_user_abort says; it may not return.
size_t write_output(const char* bytes, size_t size);
// Sends the head if it has not gone yet, and everything written so far. May not return either.
void flush_output(void* server_context);
// All output has left PHP: the answer is complete.
void end_answer();
int send_response_head(sapi_headers_struct* headers);

}  // namespace howdah::php

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
// The same for a profiled request, when PHP's shutdown is over.
void end_profiled_answer();
int send_response_head(sapi_headers_struct* headers);

// --- what the server's functions do (functions_answer.cc). They run output callbacks and may not
// return. A child that the script has forked does none of it.

// Whether something more may be said to the client.
bool answer_is_open();
// Whether what is said goes out before the script's end.
bool is_streaming();
// Ends the output buffers and the answer; the script goes on. False when the answer had ended.
bool finish_answer();
// Ends the output buffers and sends what there is, with this status. False when the head had gone
// before, or the answer has ended.
bool begin_stream(int status);
// Sends what the output buffers hold; they stay. False when the answer is not a stream.
bool flush_stream();
// Sends the head with this status, unless it has gone.
void send_head_now(int status);
// Sends a 1xx head with the fields set so far. False when it is too late, or they are too many.
bool send_interim_head(int status);

}  // namespace howdah::php

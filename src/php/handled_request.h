#pragma once

// One request inside a script that goes on running: what PHP does at the start and at the end of a
// request, as far as it concerns the request and not the script.
//
// Between two requests the script is in no request: superglobals still show the last one, output
// goes to the log, headers lead nowhere.
//
// Kept for the whole script: globals, statics, classes, constants, ini values, $_ENV, putenv(),
// error handlers, shutdown functions, user session handlers, open streams, the directory, locale
// and time zone. Made anew: $_GET $_POST $_COOKIE $_FILES $_SERVER $_REQUEST, php://input, uploads,
// headers, status, output buffers, timers, and what request_modules.h names.
//
// All functions here can be left by zend_bailout: no object with a destructor around them.

#include "php/php_api.h"

namespace howdah::php {

// The script's start is over: what it printed goes to the log, its headers and session are dropped.
void end_boot();

// Before the script waits for its next request: what it has left of output, headers and a session
// since the last one is ended, so that no request has any of it. False: that threw an exception.
bool leave_idle();

// A handler as set_error_handler() keeps it; both are plain values.
struct ErrorHandler {
  zval callable;   // undefined: none
  int levels = 0;  // that it is called for
};

// The slot's request becomes PHP's; warnings of its parsing are raised here, shown to nobody but
// `handler` and error_get_last(). The handler may leave an exception.
void start_handled_request(RequestState* state, const ErrorHandler& handler);

// The same without a request: superglobals are empty.
void start_empty_request();

// Output, headers, session and uploads of the request; the answer is complete. An exception of an
// output, header or session handler ends the script, as at a script's own end.
void end_handled_request(RequestState* state);

// Prints and logs EG(exception) as uncaught and drops it; false when it stands for exit().
bool report_exception();

}  // namespace howdah::php

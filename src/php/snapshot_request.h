#pragma once

// The PHP side of snapshot mode: what is done to PHP when the worker script comes to its first
// request, in a fork before its request, and at the fork's end.
//
// A fork goes on with the script after its request, up to the next call or the script's end. Then
// it runs what was registered for the end (destructors, output handlers, open files), and leaves by
// _exit(), freeing nothing: that would cost a copy of each page it touches. What the boot has
// registered runs once, at the template's own end.
//
// All functions here can be left by zend_bailout: no object with a destructor around them.

#include "php/php_api.h"

namespace howdah::php {

// Before PHP starts: the settings that make a fork cheap. Undone by the other.
void ask_for_huge_pages();
void forget_huge_pages();

// At the first call of frankenphp_handle_request(), after end_boot(). Returns true in a fork, whose
// `state` is attached to its lane, and false in the template when the server ends. Ends the process
// when the script holds what cannot be forked.
bool snapshot_script(RequestState* state);

// In a fork whose handler has returned, before the answer is complete: those of the request.
void run_shutdown_functions();

// In a fork whose answer is complete, and which goes on with the script: gc_collect_cycles(), which
// worker scripts call there, is put off until there is much to collect.
void go_on_after_request();

// In a fork, in place of php_request_shutdown(): completes the answer where that is still to be
// done, gives the lane to the next fork and ends the process.
[[noreturn]] void end_snapshot_request(RequestState* state);

}  // namespace howdah::php

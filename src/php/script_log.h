#pragma once

// What is said about a worker script's own ends.

#include <cstddef>
#include <string_view>

namespace howdah::php {

struct RequestState;

// What goes to the worker's stderr, whose lines are the log's, because there is no request. The
// last line is kept for the word about a boot that failed. Neither allocates nor calls PHP.
void keep_last_words(RequestState* state, std::string_view text);

// The same of the error that has ended the script, which is the last word then. Null: there is
// none.
void keep_fatal_error(RequestState* state, const char* error);

// A script that did not ask for a request has ended, its output too: leaves its last words for the
// host, which passes them on with the worker's end.
void note_boot_failure(RequestState* state);

// The script has ended, with this status, after it had come to its loop, and begins again. Belongs
// to the request that is still held, if there is one.
void log_script_end(RequestState& state, int exit_status);

}  // namespace howdah::php

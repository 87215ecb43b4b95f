#pragma once

// What PHP is told about a request before it starts: SG(request_info), from the slot.

namespace howdah::php {

struct RequestState;

// Before php_request_startup() or sapi_activate(): PHP picks body readers by these. They point into
// the slot, which stays until release().
void set_request_info(RequestState* state);
// After it: the method as it is. (The body of a QUERY is read like that of a POST.)
void restore_request_method(RequestState* state);
// No request: after the last use of a slot.
void clear_request_info();

}  // namespace howdah::php

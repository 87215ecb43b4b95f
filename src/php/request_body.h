#pragma once

// The request's body on its way into PHP.
//
// Forms are read by PHP's own readers through read_body(). Everything else stays where it lies: a
// small body in the slot until php://input asks for it, a large one as a descriptor of the front's
// spool, which becomes the stream behind php://input. PHP's stock reader would copy each body over
// 16 KiB into a file of its own.

#include <cstddef>

namespace howdah::php {

struct RequestState;

// sapi_module.read_post.
size_t read_body(char* into, size_t size);
// sapi_module.default_post_reader: a POST of a type that no form reader knows.
void read_unknown_form();
// From sapi_module.activate: gives php://input its stream when nothing has read the body.
void attach_body_stream(RequestState* state);

}  // namespace howdah::php

#pragma once

// The request's body on its way into PHP.
//
// Forms are read by PHP's own readers through read_body(). The body of any other POST is the stream
// behind php://input from the start, as PHP's stock reader has it: a small one as a copy in memory,
// a large one as a descriptor of the front's spool, where the stock reader would copy each body
// over 16 KiB into a file of its own. Other methods have such a stream for large bodies; a small
// one stays in the slot until php://input asks for it.

#include <cstddef>

namespace howdah::php {

struct RequestState;

// sapi_module.read_post.
size_t read_body(char* into, size_t size);
// sapi_module.default_post_reader: a POST of a type that no form reader knows.
void read_unknown_form();
// From sapi_module.activate: gives php://input its stream when nothing has read the body.
void attach_body_stream(RequestState* state);

// In worker mode, at the end of a request: the stream goes, which PHP would leave to the end of the
// script. One that a stream of the script still reads from goes when that is gone.
void close_body_stream();
// The script has ended, and all streams with it.
void forget_body_streams();

}  // namespace howdah::php

#pragma once

// filter_input(INPUT_SERVER, ...) for a $_SERVER that is filled directly.
//
// ext/filter keeps copies of its own, fed by sapi_module.input_filter as variables are registered.
// Feeding them for each request would cost as much as the rest of $_SERVER, so the three functions
// that read the copies are wrapped and feed them when first called.

namespace howdah::php {

// In MINIT: all extensions have registered their functions by then.
void wrap_filter_functions();

}  // namespace howdah::php

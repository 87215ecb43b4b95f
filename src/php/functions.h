#pragma once

// The PHP functions of the server: the extension `tokio_sapi` (with --no-ext a nameless module with
// only those that PHP-FPM has, too). The contract's table says what they do.

struct _zend_module_entry;

namespace howdah::php {

enum class FunctionSet {
  kAll,      // tokio_* and PHP-FPM's
  kFpmOnly,  // getallheaders() and friends
};

// The module to pass to php_module_startup(). Its MINIT does what must be done while PHP starts.
_zend_module_entry* server_module(FunctionSet functions);

}  // namespace howdah::php

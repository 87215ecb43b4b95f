#include <algorithm>

#include "php/function_list.h"
#include "php/response.h"

// The functions that send: the end of an answer before the script's, streams, heads. Each of them
// can be left by a longjmp: output callbacks run, and a client that is gone can end the script.

namespace howdah::php {
namespace {

constexpr zend_long kOk = 200;
constexpr zend_long kSwitchingProtocols = 101;

bool is_interim(zend_long status) { return status >= 100 && status <= 199; }

}  // namespace

PHP_FUNCTION(tokio_finish_request) {
  ZEND_PARSE_PARAMETERS_NONE();
  finish_answer();
  RETURN_TRUE;
}

PHP_FUNCTION(fastcgi_finish_request) {
  ZEND_PARSE_PARAMETERS_NONE();
  RETURN_BOOL(finish_answer());
}

PHP_FUNCTION(tokio_send_headers) {
  zend_long status = kOk;
  ZEND_PARSE_PARAMETERS_START(0, 1)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG(status)
  ZEND_PARSE_PARAMETERS_END();
  if (status < 200 || status > 599) {
    zend_argument_value_error(1, "must be a final status, between 200 and 599");
    RETURN_THROWS();
  }
  RETURN_BOOL(begin_stream(static_cast<int>(status)));
}

PHP_FUNCTION(tokio_stream_flush) {
  ZEND_PARSE_PARAMETERS_NONE();
  RETURN_BOOL(flush_stream());
}

PHP_FUNCTION(tokio_is_streaming) {
  ZEND_PARSE_PARAMETERS_NONE();
  RETURN_BOOL(is_streaming());
}

PHP_FUNCTION(headers_send) {
  zend_long status = kOk;
  ZEND_PARSE_PARAMETERS_START(0, 1)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG(status)
  ZEND_PARSE_PARAMETERS_END();
  if (status == kSwitchingProtocols) {
    php_error_docref(nullptr, E_WARNING, "a script cannot switch protocols: 101 is not sent");
    RETURN_LONG(0);
  }
  if (is_interim(status)) RETURN_LONG(send_interim_head(static_cast<int>(status)) ? 1 : 0);
  // What is none becomes a 500, by itself.
  send_head_now(static_cast<int>(std::clamp<zend_long>(status, -1, 1000)));
  RETURN_LONG(0);
}

}  // namespace howdah::php

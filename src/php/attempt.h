#pragma once

#include "php/php_api.h"

namespace howdah::php {

// Whether `step` came to its end. After a bailout PHP's VM has no frame to return to: the caller
// goes on with what must be done and ends by zend_bailout() itself. No object with a destructor in
// `step`.
template <class Step>
bool attempt(Step step) {
  volatile bool ended = true;
  zend_try { step(); }
  zend_catch { ended = false; }
  zend_end_try();
  return ended;
}

}  // namespace howdah::php

#include "php/internal_caches.h"

#include <Zend/zend_observer.h>

#include "php/php_api.h"

namespace howdah::php {

// The count of slots is one variable for all threads: not to be touched in thread mode.
#if PHP_VERSION_ID < 80400 && !defined(ZTS)
namespace {

// What OPcache's JIT asks for, in user functions. With more than that somebody else is there, too.
constexpr int kJitHandles = 1;
int held = 0;

}  // namespace

void hold_internal_caches() {
  if (zend_op_array_extension_handles != kJitHandles || ZEND_OBSERVER_ENABLED) return;
  held = zend_op_array_extension_handles;
  zend_op_array_extension_handles = 0;
}

void restore_internal_caches() {
  if (held == 0) return;
  zend_op_array_extension_handles = held;
  held = 0;
}
#else
void hold_internal_caches() {}
void restore_internal_caches() {}
#endif

}  // namespace howdah::php

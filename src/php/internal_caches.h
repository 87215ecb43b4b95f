#pragma once

// A cost that PHP before 8.4 has per request when OPcache's JIT is on: it walks every function of
// every extension to give it a run-time cache (zend_init_internal_run_time_cache), 10 us and more.
// Only observers (tracers, profilers) use these caches.
//
// Where nobody does, PHP is told for that moment that no cache slots are wanted.

namespace howdah::php {

// Around zend_activate(), the first step of php_request_startup(): before it, and from
// sapi_module.activate, the step after. A second call of the latter does nothing.
void hold_internal_caches();
void restore_internal_caches();

}  // namespace howdah::php

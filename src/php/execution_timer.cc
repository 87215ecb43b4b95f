#include "php/execution_timer.h"

#include "php/php_api.h"

namespace howdah::php {

#ifdef ZEND_MAX_EXECUTION_TIMERS
namespace {

// Of this thread's timer, while PHP does not know of it; else 0.
thread_local pid_t kept_pid = 0;

}  // namespace

void lend_execution_timer() {
  if (kept_pid == 0) return;
  EG(pid) = kept_pid;
  kept_pid = 0;
}

void keep_execution_timer() {
  kept_pid = EG(pid);
  EG(pid) = 0;
}

void delete_execution_timer() {
  if (kept_pid == 0) return;
  timer_delete(EG(max_execution_timer_timer));
  kept_pid = 0;
}
#else
void lend_execution_timer() {}
void keep_execution_timer() {}
void delete_execution_timer() {}
#endif

}  // namespace howdah::php

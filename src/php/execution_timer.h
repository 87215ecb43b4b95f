#pragma once

// Thread mode: the timer behind max_execution_time.
//
// A thread-safe PHP makes one at the start of each request and deletes it at the end, limit or not:
// four system calls. It leaves that out when it believes that it has one already, or none: EG(pid)
// says so. So the first one is kept as long as the thread; PHP arms and disarms it as ever. Nothing
// to do in process mode.

namespace howdah::php {

// Before php_request_startup().
void lend_execution_timer();
// At the end of a request, when PHP has disarmed it and before it deletes it (RSHUTDOWN).
void keep_execution_timer();
// The thread runs no more PHP.
void delete_execution_timer();

}  // namespace howdah::php

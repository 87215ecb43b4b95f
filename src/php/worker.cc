#include "php/worker.h"

#include <fcntl.h>
#include <unistd.h>

#include "channel/control.h"
#include "php/execution_timer.h"
#include "php/internal_caches.h"
#include "php/opcache_restarts.h"
#include "php/php_api.h"
#include "php/request_info.h"
#include "php/request_state.h"
#include "php/response.h"
#include "php/user_ini.h"
#include "php/worker_script.h"
#include "php/working_directory.h"

namespace howdah::php {
namespace {

// The plain-text answers of PHP-FPM for a script that is not there.
void answer_plainly(int status, const char* text) {
  zend_try {
    // Also drops a status line that PHP has set with an error.
    sapi_header_op(SAPI_HEADER_SET_STATUS,
                   reinterpret_cast<void*>(static_cast<zend_intptr_t>(status)));
    PHPWRITE(text, strlen(text));
  }
  zend_end_try();
}

// PHP's own way asks for the old directory and returns to it. Every request sets its own here, so
// that is left out.
#ifdef ZTS
// Of this thread, by PHP's account; a new request begins in the process's.
void enter_directory_of(const char* path) { VCWD_CHDIR_FILE(path); }
#else
WorkingDirectory working_directory;
void enter_directory_of(const char* path) { working_directory.enter_that_of(path); }
#endif

// The front has looked, but the file may have gone since then. Asked only after a failure, so that
// a request costs no system call for it.
bool script_vanished(const char* path) {
  constexpr const char* kFailed = "Failed opening required";
  return !SG(headers_sent) && PG(last_error_message) != nullptr &&
         strstr(ZSTR_VAL(PG(last_error_message)), kFailed) != nullptr && ::access(path, R_OK) != 0;
}

void execute_script(RequestState* state) {
  const char* path = state->c_str(channel::Var::kScriptFilename);
  if (path == nullptr || *path == '\0') {
    answer_plainly(404, "File not found.\n");
    return;
  }
  enter_directory_of(path);
  zend_file_handle script;
  zend_stream_init_filename(&script, path);
  script.primary_script = true;
  EG(exit_status) = 0;
  php_execute_script(&script);
  if (!script.in_list) zend_destroy_file_handle(&script);
  if (EG(exit_status) == 255 && script_vanished(path)) {
    bool denied = errno == EACCES;
    zend_try { php_output_discard_all(); }
    zend_end_try();
    answer_plainly(denied ? 403 : 404, denied ? "Access denied.\n" : "File not found.\n");
  }
}

// A whole request. No object with a destructor: PHP may leave by longjmp what is called from here,
// and comes back to here.
bool serve(RequestState* state) {
  set_request_info(state);
  state->in_request = true;
  hold_internal_caches();
  lend_execution_timer();
  bool started = php_request_startup() == SUCCESS;
  leave_request_start();
  restore_internal_caches();
  restore_request_method(state);
  channel::PhaseClock& phases = state->channel->phases();
  phases.enter(channel::Phase::kScript);
  if (started) execute_script(state);
  phases.enter(channel::Phase::kShutdown);
  php_request_shutdown(nullptr);
  end_profiled_answer();
  state->in_request = false;
  clear_request_info();
  return started;
}

}  // namespace

WorkerEnd run_worker(RequestState& state, uint32_t limit) {
  uint32_t begun = 0;
  current_state = &state;
  state.vm_interrupt = &EG(vm_interrupt);
  if (state.run.script != nullptr) {
    WorkerEnd end = run_worker_script(state, limit);
    forget_user_ini();
    current_state = nullptr;
    return end;
  }
  SG(options) |= SAPI_OPTION_NO_CHDIR;
  WorkerEnd end = WorkerEnd::kRetired;
  while (const channel::Request* request = state.channel->next_request()) {
    // The front gives what this worker has claimed and not begun to another host.
    if (!enter_request_start()) break;
    // Before anything of it is read: until then the front may take it back and use the slot again.
    if (!state.channel->begin()) {
      leave_request_start();
      continue;
    }
    begin_request(state, request);
    bool sound = serve(&state);
    // A child of pcntl_fork() came this far: slot, ring and claims are its parent's.
    if (state.detached != 0) ::_exit(EG(exit_status));
    state.body_fd.reset();
    state.channel->release();
    if (!sound) {
      end = WorkerEnd::kBroken;
      break;
    }
    if (++begun == limit) {
      end = WorkerEnd::kHadItsRequests;
      break;
    }
  }
  forget_user_ini();
  current_state = nullptr;
  return end;
}

int wait_status_of(WorkerEnd end) {
  if (end == WorkerEnd::kHadItsRequests) return channel::kHadItsRequests << 8;
  return end == WorkerEnd::kBootFailed ? channel::kExitBootFailed << 8 : 0;
}

}  // namespace howdah::php

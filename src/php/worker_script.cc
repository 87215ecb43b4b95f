#include "php/worker_script.h"

#include <unistd.h>

#include <algorithm>
#include <ext/spl/spl_exceptions.h>

#include "php/execution_timer.h"
#include "php/function_list.h"
#include "php/handled_request.h"
#include "php/opcache_restarts.h"
#include "php/php_api.h"
#include "php/request_body.h"
#include "php/request_info.h"
#include "php/request_state.h"
#include "php/response.h"
#include "php/script_log.h"
#include "php/snapshot_random.h"
#include "php/snapshot_request.h"
#include "php/worker.h"

namespace howdah::php {
namespace {

// A loop that does not look at the result would never end.
constexpr int kMaxRefusals = 100;

// The handler that the script had at its first call; of the script's memory.
thread_local ErrorHandler boot_error_handler;

// The stream that the command line's PHP calls so: a script that fails at its start has no other
// place to say it. Not STDIN: applications that find it believe to be on a command line.
void define_stderr() {
  php_stream* stream = php_stream_fopen_from_fd(STDERR_FILENO, "wb", nullptr);
  if (stream == nullptr) return;
  stream->flags |= PHP_STREAM_FLAG_NO_CLOSE;
  zend_constant constant;
  php_stream_to_zval(stream, &constant.value);
  ZEND_CONSTANT_SET_FLAGS(&constant, CONST_CS, 0);
  constant.name = zend_string_init("STDERR", strlen("STDERR"), 0);
  zend_register_constant(&constant);
}

// Waits for a request and takes it; false when there will be none.
bool take_request(RequestState* state) {
  if (state->run.spent) return false;
  for (;;) {
    const channel::Request* request = state->channel->next_request();
    if (request == nullptr) return false;
    if (!state->channel->begin()) continue;
    begin_request(*state, request);
    return true;
  }
}

void give_back(RequestState* state) {
  ScriptRun& run = state->run;
  if (run.requests_left != 0 && --run.requests_left == 0) run.spent = true;
  state->body_fd.reset();
  state->request = nullptr;
  state->channel->release();
}

bool refuse(RequestState* state) {
  ScriptRun& run = state->run;
  if (!run.retired) {
    run.retired = true;
    start_empty_request();
  }
  if (++run.refusals > kMaxRefusals) {
    php_error_docref(nullptr, E_WARNING,
                     "the script goes on after false was returned %d times: it is ended",
                     kMaxRefusals);
    zend_bailout();
  }
  return false;
}

// False when the script is to end without coming back here: by exit(), or by a bailout in the
// callback, which does not return at all. Then php_request_shutdown() completes the answer.
bool call_handler(zend_fcall_info* call, zend_fcall_info_cache* cache) {
  if (EG(exception) != nullptr) return report_exception();
  zval result;
  ZVAL_UNDEF(&result);
  call->retval = &result;
  call->params = nullptr;
  call->param_count = 0;
  zend_call_function(call, cache);
  zval_ptr_dtor(&result);
  return report_exception();
}

// What has just ended the script; null when it was no error.
const char* fatal_error() {
  const bool fatal = EG(exit_status) == 255 && PG(last_error_message) != nullptr;
  return fatal ? ZSTR_VAL(PG(last_error_message)) : nullptr;
}

// Ends the script of a fork, which has had its request.
[[noreturn]] void leave_snapshot() {
  if (EG(exception) != nullptr) {
    // What stands for exit().
    OBJ_RELEASE(EG(exception));
    EG(exception) = nullptr;
  }
  zend_bailout();
}

// One run; PHP's own start and end around it. No object with a destructor.
void run_once(RequestState* state) {
  const WorkerScript* script = state->run.script;
  clear_request_info();
  forget_body_streams();
  std::ranges::fill(state->vars, std::string_view{});
  state->vars[static_cast<size_t>(channel::Var::kScriptFilename)] = script->path;
  state->vars[static_cast<size_t>(channel::Var::kDocumentRoot)] = script->document_root;
  SG(request_info).request_method = "GET";
  SG(request_info).query_string = const_cast<char*>("");
  SG(request_info).request_uri = const_cast<char*>(script->name.c_str());
  SG(request_info).path_translated = const_cast<char*>(script->path.c_str());
  SG(sapi_headers).http_response_code = 200;
  lend_execution_timer();
  bool started = php_request_startup() == SUCCESS;
  leave_request_start();
  if (started) {
    PG(ignore_user_abort) = 1;
    define_stderr();
    zend_file_handle file;
    zend_stream_init_filename(&file, script->path.c_str());
    file.primary_script = true;
    EG(exit_status) = 0;
    php_execute_script(&file);
    if (!file.in_list) zend_destroy_file_handle(&file);
  }
  const bool boot_failed = !state->run.waited;
  if (boot_failed) keep_fatal_error(state, fatal_error());
  // A fork of the template, after its request.
  if (state->run.snapshot != nullptr && state->channel != nullptr) end_snapshot_request(state);
  if (state->in_request) state->channel->phases().enter(channel::Phase::kShutdown);
  php_request_shutdown(nullptr);
  if (state->in_request) end_profiled_answer();
  if (boot_failed) note_boot_failure(state);
  state->in_request = false;
  clear_request_info();
}

}  // namespace

PHP_FUNCTION(frankenphp_handle_request) {
  zend_fcall_info call;
  zend_fcall_info_cache cache;
  ZEND_PARSE_PARAMETERS_START(1, 1)
  Z_PARAM_FUNC(call, cache)
  ZEND_PARSE_PARAMETERS_END();

  RequestState* state = current_state;
  if (state == nullptr || state->run.script == nullptr || state->detached != 0) {
    zend_throw_exception(spl_ce_RuntimeException,
                         "frankenphp_handle_request() called while not in worker mode", 0);
    RETURN_THROWS();
  }
  if (state->in_request) {
    zend_throw_exception(spl_ce_RuntimeException,
                         "frankenphp_handle_request() called while a request is being handled", 0);
    RETURN_THROWS();
  }
  if (state->run.served) leave_snapshot();
  if (state->run.waited) {
    if (!leave_idle()) RETURN_THROWS();
  } else {
    state->run.waited = true;
    ZVAL_COPY(&boot_error_handler.callable, &EG(user_error_handler));
    boot_error_handler.levels = EG(user_error_handler_error_reporting);
    end_boot();
    if (state->run.snapshot != nullptr && !snapshot_script(state)) RETURN_BOOL(refuse(state));
  }
  if (state->run.retired || !take_request(state)) {
    // A lane that is retired ends with the fork that has it.
    if (state->run.snapshot != nullptr && state->channel != nullptr) ::_exit(0);
    RETURN_BOOL(refuse(state));
  }

  start_handled_request(state, boot_error_handler);
  state->channel->phases().enter(channel::Phase::kScript);
  // After exit() the end of the script completes the answer.
  bool goes_on = call_handler(&call, &cache);
  const bool forked = state->run.snapshot != nullptr;
  if (forked && !goes_on) leave_snapshot();
  if (!goes_on) return;
  if (forked) run_shutdown_functions();
  end_handled_request(state);
  if (state->detached != 0) {
    // A child of pcntl_fork() that has come out of the handler: the loop is its parent's.
    zend_throw_unwind_exit();
    return;
  }
  const base::Nanos began = state->request->claimed_at;
  give_back(state);
  state->run.served = forked;
  if (forked) go_on_after_request();
  look_for_wanted_restart(began);
  RETURN_TRUE;
}

WorkerEnd run_worker_script(RequestState& state, uint32_t limit) {
  ScriptRun& run = state.run;
  run.requests_left = limit;
  if (run.snapshot != nullptr) watch_random_engines();
  while (enter_request_start()) {
    run.waited = run.retired = false;
    run.refusals = 0;
    run.last_words_size = 0;
    run.fatal = false;
    run_once(&state);
    // A child of pcntl_fork() came this far: slot, ring and claims are its parent's.
    if (state.detached != 0) ::_exit(EG(exit_status));
    if (!run.waited) return WorkerEnd::kBootFailed;
    // The template has no worker's channel; it ends when it is told to.
    if (run.snapshot != nullptr) break;
    const bool held = state.channel->holds_request();
    const bool spent = run.spent || (held && run.requests_left == 1);
    const bool over = run.retired || spent || state.channel->must_stop();
    if (!over) log_script_end(state, EG(exit_status));
    if (held) give_back(&state);
    if (over) break;
    state.channel->report_restart();
  }
  return run.spent ? WorkerEnd::kHadItsRequests : WorkerEnd::kRetired;
}

}  // namespace howdah::php

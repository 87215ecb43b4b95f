#include "php/sapi_module.h"

#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/log.h"
#include "channel/record.h"
#include "php/internal_caches.h"
#include "php/line_pipe.h"
#include "php/request_body.h"
#include "php/request_state.h"
#include "php/response.h"
#include "php/script_environment.h"
#include "php/script_log.h"
#include "php/server_variables.h"
#include "php/user_ini.h"

namespace howdah::php {
namespace {

// The end of sapi_activate(): what PHP decides by itself can be put right here.
int activate() {
  restore_internal_caches();
  RequestState* state = current_state;
  if (state == nullptr) return SUCCESS;
  // A worker script has the settings of its directory from its start to its end.
  const ScriptRun& run = state->run;
  if (run.script == nullptr ? state->in_request : !run.waited) activate_user_ini(state);
#ifdef ZTS
  if (run.script == nullptr || !run.waited) forget_assignments();
#endif
  if (SG(server_context) == nullptr) return SUCCESS;
  // Or the first output of a HEAD request would end the script, and it would have no
  // Content-Length.
  SG(request_info).headers_only = 0;
  attach_body_stream(state);
  return SUCCESS;
}

int deactivate() {
  end_answer();
  return SUCCESS;
}

char* read_cookies() {
  RequestState* state = current_state;
  return state == nullptr ? nullptr : const_cast<char*>(state->c_str(channel::Var::kHttpCookie));
}

base::LogLevel level_of(int syslog_type) {
  if (syslog_type <= LOG_ERR) return base::LogLevel::kError;
  if (syslog_type == LOG_WARNING) return base::LogLevel::kWarn;
  return syslog_type == LOG_DEBUG ? base::LogLevel::kDebug : base::LogLevel::kInfo;
}

// Of a message that is made one line. Longer ones would be cut into lines anyway.
constexpr size_t kJoinedBytes = LinePipe::kMaxLine;

void log_message(const char* message, int syslog_type) {
  RequestState* state = current_state;
  if (state != nullptr && !state->in_request) keep_last_words(state, message);
  if (state != nullptr && state->can_log()) {
    state->channel->log(static_cast<int>(level_of(syslog_type)), message);
    return;
  }
  std::string_view text(message);
  char joined[kJoinedBytes];
  // A worker's stderr is read line by line: an exception with its stack trace is to stay one.
  if (state != nullptr && text.size() <= sizeof joined) {
    std::ranges::replace_copy(text, joined, '\n', channel::kLineBreak);
    text = {joined, text.size()};
  }
  iovec pieces[] = {{const_cast<char*>(text.data()), text.size()}, {const_cast<char*>("\n"), 1}};
  [[maybe_unused]] ssize_t written = ::writev(STDERR_FILENO, pieces, 2);
}

// What PHP finds wrong with a body. Requests of a worker script begin in a call of its function,
// whose name such messages start with; PHP before 8.4 names it in some of them only.
void input_error(int type, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char* text = nullptr;
  vspprintf(&text, 0, format, arguments);
  va_end(arguments);
  if (current_state != nullptr && current_state->run.script != nullptr) {
    php_error_docref(nullptr, type, "%s", text);
  } else {
    zend_error(type, "%s", text);
  }
  efree(text);
}

}  // namespace

sapi_module_struct* server_sapi(const char* name) {
  static sapi_module_struct module{};
  module.name = const_cast<char*>(name);
  module.pretty_name = const_cast<char*>("Howdah");
  module.shutdown = php_module_shutdown_wrapper;
  module.activate = activate;
  module.deactivate = deactivate;
  module.ub_write = write_output;
  module.flush = flush_output;
  module.getenv = get_variable;
  module.sapi_error = input_error;
  module.send_headers = send_response_head;
  module.read_post = read_body;
  module.read_cookies = read_cookies;
  module.register_server_variables = fill_server_variables;
  module.log_message = log_message;
  module.default_post_reader = read_unknown_form;
  // Never read a php.ini from the current directory.
  module.php_ini_ignore_cwd = 1;
  return &module;
}

}  // namespace howdah::php

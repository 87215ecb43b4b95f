#pragma once

// What one worker knows about the request it runs: the meeting point of PHP's callbacks, which get
// no argument worth having, with the channel. Plain data; no PHP header.

#include <csignal>
#include <cstdint>
#include <string_view>

#include "base/fd.h"
#include "channel/worker_channel.h"
#include "php/answer_writer.h"
#include "php/script_stack.h"
#include "php/worker_script.h"

namespace howdah::php {

// A line that a worker leaves for the host, readable after the worker's death. One per worker, in
// memory that the host shares with its workers.
struct WorkerNote {
  enum : uint32_t {
    kNone,
    kInterrupted,  // where the script was then
    kReported,     // that has been told to the front
    kBootFailed,   // why the worker script ended
  };
  std::atomic<uint32_t> ready;
  char text[508];
  StackNote stack;
};

// One per worker process or worker thread, alive as long as that.
struct RequestState {
  // --- constant
  channel::WorkerChannel* channel = nullptr;
  WorkerNote* note = nullptr;
  uint32_t worker = 0;
  uint32_t workers = 1;
  // &EG(vm_interrupt) of this thread, for the signal handler.
  void* vm_interrupt = nullptr;

  // --- worker mode (worker_script.h)
  ScriptRun run;

  // --- of the request that runs
  const channel::Request* request = nullptr;  // null between the requests of a worker script
  // Well-known variables; data() is nullptr for those that the request lacks. Each is followed by a
  // NUL byte.
  std::string_view vars[channel::kVarCount];
  // How many of `vars` are there, and how many variables have a name of their own.
  uint32_t known_vars = 0;
  uint32_t named_vars = 0;
  // Between php_request_startup() and the end of php_request_shutdown().
  bool in_request = false;
  // text/event-stream: each piece of output goes out at once.
  bool event_stream = false;
  // The script has sent what there was before its end, or said that it would.
  bool streaming = false;
  // ext/filter has been given this request's variables (filter_input.h).
  bool filter_filled = false;
  // A child that the script forked: it shares slot and ring with its parent and must touch neither.
  volatile sig_atomic_t detached = 0;

  // --- request body (request_body.h)
  uint64_t body_read = 0;
  base::UniqueFd body_fd;

  // --- interrupt (interrupt.h)
  volatile sig_atomic_t interrupt_wanted = 0;
  volatile sig_atomic_t interrupted = 0;
  volatile sig_atomic_t note_exact = 0;

  AnswerWriter answer;

  const char* c_str(channel::Var var) const { return vars[static_cast<size_t>(var)].data(); }
  std::string_view var(channel::Var var) const { return vars[static_cast<size_t>(var)]; }
  // Whether an answer may go through the channel.
  bool connected() const { return in_request && detached == 0; }
  // Whether log lines may: also while a worker script boots, and between its requests. The template
  // of snapshot mode has no channel.
  bool can_log() const {
    return channel != nullptr && detached == 0 && (in_request || run.script != nullptr);
  }
};

// The calling thread's worker; nullptr in the host's own thread. Initial-exec: read by a signal
// handler.
extern constinit thread_local RequestState* current_state
    __attribute__((tls_model("initial-exec")));

// Takes the next request's variables from the slot and clears what is left of the last request.
void begin_request(RequestState& state, const channel::Request* request);

// The value of a variable by its CGI name; data() is nullptr when the request has none.
std::string_view find_variable(const RequestState& state, std::string_view name);

}  // namespace howdah::php

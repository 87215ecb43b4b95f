#pragma once

// Ending a script whose time is over.
//
// The host signals the worker (kInterruptSignal) until the request is gone. The handler notes where
// the script is, sets PHP's VM interrupt and so ends blocking calls that give up on EINTR; at the
// next VM instruction the script ends by a fatal error, once: shutdown functions run after it.

#include <csignal>
#include <cstddef>

namespace howdah::php {

struct RequestState;

// ZTS builds use SIGRTMIN for max_execution_time.
inline int interrupt_signal() { return SIGRTMIN + 4; }

// Chains zend_interrupt_function. Once, after PHP has started: extensions set theirs in MINIT.
void install_interrupt_hook();
// The signal's handler. Once per process, after the signal is no longer wanted by anyone else.
void install_interrupt_handler();
// The script ends at its next VM instruction. Async-signal-safe.
void raise_interrupt(RequestState* state);

struct Position {
  size_t size = 0;  // of the text; 0 when nothing runs
  // A C function is running: the line is that of its call. Else the VM may have the current line in
  // a register, and the text tells an older one.
  bool in_internal_call = false;
};
// Writes "file:line (in function)" of the running script. Async-signal-safe: memory is read through
// the kernel, so that a half-changed pointer cannot fault.
Position describe_position(char* text, size_t size);

}  // namespace howdah::php

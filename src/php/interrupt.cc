#include "php/interrupt.h"

#include <pthread.h>

#include "php/php_api.h"
#include "php/request_state.h"
#include "php/script_stack.h"

namespace howdah::php {
namespace {

void (*next_interrupt)(zend_execute_data*) = nullptr;

// Leaves the position for the host, which looks once per interval. The first that is exact stays.
void leave_note(RequestState* state, bool exact) {
  WorkerNote* note = state->note;
  if (note == nullptr || state->note_exact != 0) return;
  note->ready.store(WorkerNote::kNone, std::memory_order_relaxed);
  Position position = describe_position(note->text, sizeof note->text - 1);
  if (position.size == 0) return;
  state->note_exact = exact || position.in_internal_call;
  note->text[position.size] = '\0';
  note->ready.store(WorkerNote::kInterrupted, std::memory_order_release);
}

void on_signal(int) {
  RequestState* state = current_state;
  if (state == nullptr || !state->connected() || !state->channel->cancelled()) return;
  int saved_errno = errno;
  leave_note(state, false);
  raise_interrupt(state);
  errno = saved_errno;
}

// PHP calls this at a VM instruction after EG(vm_interrupt) was set. Left by a longjmp.
void on_vm_interrupt(zend_execute_data* execute_data) {
  RequestState* state = current_state;
  if (state != nullptr) answer_stack_wish(*state);
  if (state != nullptr && state->interrupt_wanted != 0) {
    state->interrupt_wanted = 0;
    if (state->connected() && state->interrupted == 0 && state->channel->cancelled()) {
      state->interrupted = 1;
      leave_note(state, true);
      zend_error_noreturn(E_ERROR, "Request timeout: interrupted by the server");
    }
  }
  if (next_interrupt != nullptr) next_interrupt(execute_data);
}

void in_forked_child() {
  // The host's own fork of a worker has no state yet.
  if (current_state != nullptr) current_state->detached = 1;
}

}  // namespace

void raise_interrupt(RequestState* state) {
  // Once a request: after it shutdown functions run, until the front has the worker killed.
  if (state->interrupted != 0) return;
  state->interrupt_wanted = 1;
  zend_atomic_bool_store_ex(static_cast<zend_atomic_bool*>(state->vm_interrupt), true);
}

void install_interrupt_hook() {
  next_interrupt = zend_interrupt_function;
  zend_interrupt_function = on_vm_interrupt;
  pthread_atfork(nullptr, nullptr, in_forked_child);
}

void install_interrupt_handler() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  // Without SA_RESTART: sleep() and friends are to return.
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(interrupt_signal(), &action, nullptr);
}

}  // namespace howdah::php

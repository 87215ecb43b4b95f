#pragma once

// Where a script is, frame by frame, for SLOW_REQUEST and /workers?stack=1 (docs/slow_requests.md).
//
// The host asks a worker for it without a signal, which would end a sleep() or a stream_select() of
// the script: it writes its wish into the worker's note and sets the VM interrupt from outside. At
// the next VM instruction the worker writes the stack into the note and goes on. A worker that does
// not come to one is in a C function: then its frames stand still, and the host reads them itself.

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace howdah::php {

struct RequestState;

// Part of WorkerNote. The worker can write anything here; so can the threads beside it.
struct StackNote {
  std::atomic<uint32_t> wanted;    // the ticket of the request whose stack is asked for; 0 = none
  std::atomic<uint32_t> answered;  // the ticket whose stack is in `text`
  uint32_t size;
  char text[4084];
};

// Where PHP has what is needed, in the memory of the process `pid`.
struct ScriptPlace {
  pid_t pid = 0;
  pid_t tid = 0;                        // the thread that runs the script
  void* vm_interrupt = nullptr;         // &EG(vm_interrupt)
  const void* current_frame = nullptr;  // &EG(current_execute_data)
};
// Of the calling thread; without threads, of any fork of this process, too.
ScriptPlace own_script_place();

// The script comes to the VM interrupt at its next chance. False when the kernel does not let us
// (errno).
bool raise_interrupt_of(const ScriptPlace& place);

// The stack of a script that may go on meanwhile, a line a frame, the innermost first:
// "function() file:line". Returns the size of the text; 0 = none, or not to be read.
size_t read_stack(const ScriptPlace& place, char* text, size_t size);

// At a VM interrupt: what is wanted of the request that runs is written into the note.
void answer_stack_wish(const RequestState& state);

}  // namespace howdah::php

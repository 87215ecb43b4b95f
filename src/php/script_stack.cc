#include "php/script_stack.h"

#include "php/request_state.h"
#include "php/script_memory.h"

namespace howdah::php {
namespace {

constexpr int kMaxLines = 64;
// Looked at in all: those without a line of their own count, too.
constexpr int kMaxFrames = 256;
constexpr const char* kMore = "...";

// "{main}", "include" or "eval": code outside of functions.
const char* name_of_code(const zend_execute_data& frame, unsigned char type) {
  if (type == ZEND_EVAL_CODE) return "eval";
  return (ZEND_CALL_INFO(&frame) & ZEND_CALL_TOP) != 0 ? "{main}" : "include";
}

void add_call(BoundedText& text, const ScriptMemory& memory, const zend_function* function) {
  add_function_name(text, memory, function);
  text.add("()");
}

// False when the frame cannot be read.
bool add_user_frame(BoundedText& text, const ScriptMemory& memory, const zend_execute_data& frame,
                    unsigned char type) {
  const zend_string* name = nullptr;
  const zend_string* file = nullptr;
  uint32_t line = 0;
  if (!memory.read_value(name, &frame.func->common.function_name)) return false;
  if (name != nullptr) {
    add_call(text, memory, frame.func);
  } else {
    text.add(name_of_code(frame, type));
  }
  if (!memory.read_value(file, &frame.func->op_array.filename)) return false;
  text.add(" ");
  if (!text.add_string(memory, file)) return false;
  if (frame.opline != nullptr) memory.read_value(line, &frame.opline->lineno);
  if (line == 0) return true;
  text.add(":");
  text.add_number(line);
  return true;
}

// What to look at in the place of a frame, for frames that cannot go away meanwhile.
using Resolve = zend_execute_data* (*)(zend_execute_data*);

size_t write_stack(const ScriptMemory& memory, zend_execute_data* frame, Resolve resolve, char* out,
                   size_t size) {
  BoundedText text(out, size);
  int lines = 0;
  for (int depth = 0; frame != nullptr; ++depth) {
    if (resolve != nullptr) frame = resolve(frame);
    zend_execute_data copy;
    if (!memory.read_value(copy, frame)) break;
    frame = copy.prev_execute_data;
    unsigned char type;
    // Without a function: where a generator's frames end.
    if (!memory.read_value(type, reinterpret_cast<const char*>(copy.func))) continue;
    if (depth == kMaxFrames || lines == kMaxLines) {
      text.add(kMore);
      break;
    }
    const size_t start = text.size();
    if (ZEND_USER_CODE(type)) {
      const zend_function* called = lines == 0 ? frameless_function(memory, copy.opline) : nullptr;
      if (called != nullptr) {
        add_call(text, memory, called);
        text.add("\n");
      }
      if (!add_user_frame(text, memory, copy, type)) break;
    } else {
      add_call(text, memory, copy.func);
    }
    text.add("\n");
    ++lines;
    if (text.room() > std::strlen(kMore)) continue;
    // The line may be cut: it goes.
    text.cut_to(start);
    text.add(kMore);
    break;
  }
  return text.size();
}

}  // namespace

ScriptPlace own_script_place() {
  return {.pid = ::getpid(),
          .tid = ::gettid(),
          .vm_interrupt = &EG(vm_interrupt),
          .current_frame = &EG(current_execute_data)};
}

bool raise_interrupt_of(const ScriptPlace& place) {
  if (place.pid == ::getpid()) {
    zend_atomic_bool_store_ex(static_cast<zend_atomic_bool*>(place.vm_interrupt), true);
    return true;
  }
  bool raised = true;
  static_assert(sizeof(zend_atomic_bool) == sizeof raised);
  iovec local{&raised, sizeof raised};
  iovec remote{place.vm_interrupt, sizeof raised};
  return ::process_vm_writev(place.pid, &local, 1, &remote, 1, 0) ==
         static_cast<ssize_t>(sizeof raised);
}

size_t read_stack(const ScriptPlace& place, char* text, size_t size) {
  const ScriptMemory memory(place.pid);
  zend_execute_data* frame = nullptr;
  if (!memory.read_value(frame, place.current_frame)) return 0;
  return write_stack(memory, frame, nullptr, text, size);
}

void answer_stack_wish(const RequestState& state) {
  if (state.note == nullptr || !state.connected() || !state.channel->holds_request()) return;
  StackNote& note = state.note->stack;
  const uint32_t wanted = note.wanted.exchange(0, std::memory_order_acquire);
  if (wanted == 0 || wanted != state.channel->ticket()) return;
  // A generator that yields from another one has its frames elsewhere.
  note.size = static_cast<uint32_t>(write_stack(ScriptMemory(::getpid()), EG(current_execute_data),
                                                zend_generator_check_placeholder_frame, note.text,
                                                sizeof note.text));
  note.answered.store(wanted, std::memory_order_release);
}

}  // namespace howdah::php

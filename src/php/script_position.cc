// Where a script is, asked at any instruction of it: see describe_position() in interrupt.h.

#include "php/interrupt.h"
#include "php/script_memory.h"

namespace howdah::php {
namespace {

constexpr int kMaxFrames = 256;

}  // namespace

Position describe_position(char* out, size_t size) {
  const ScriptMemory memory(::getpid());
  BoundedText text(out, size);
  const zend_execute_data* frame = EG(current_execute_data);
  const zend_function* top = nullptr;
  Position position;
  for (int depth = 0; frame != nullptr && depth < kMaxFrames; ++depth) {
    zend_execute_data copy;
    if (!memory.read_value(copy, frame)) break;
    frame = copy.prev_execute_data;
    decltype(copy.func->type) type;
    if (!memory.read_value(type, copy.func)) continue;
    if (top == nullptr) {
      top = copy.func;
      position.in_internal_call = !ZEND_USER_CODE(type);
    }
    if (!ZEND_USER_CODE(type)) continue;
    // The line may be an older one, so this is not yet the word of a frame.
    if (top == copy.func) {
      if (const auto* called = frameless_function(memory, copy.opline)) top = called;
    }
    const zend_string* file = nullptr;
    uint32_t line = 0;
    memory.read_value(file, &copy.func->op_array.filename);
    if (copy.opline != nullptr) memory.read_value(line, &copy.opline->lineno);
    if (!text.add_string(memory, file)) break;
    text.add(":");
    text.add_number(line);
    break;
  }
  const zend_string* name = nullptr;
  if (top != nullptr) memory.read_value(name, &top->common.function_name);
  if (text.size() > 0 && name != nullptr) {
    text.add(" (in ");
    add_function_name(text, memory, top);
    text.add(")");
  }
  position.size = text.size();
  return position;
}

}  // namespace howdah::php

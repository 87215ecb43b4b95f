// Where a script is, asked at any instruction of it: see describe_position() in interrupt.h.

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "php/interrupt.h"
#include "php/php_api.h"

namespace howdah::php {
namespace {

constexpr int kMaxFrames = 256;
constexpr size_t kMaxName = 400;

// memcpy that fails instead of faulting.
bool read_memory(void* into, const void* from, size_t size) {
  iovec local{into, size};
  iovec remote{const_cast<void*>(from), size};
  return ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

template <class T>
bool read_value(T& into, const void* from) {
  return from != nullptr && read_memory(&into, from, sizeof into);
}

// Appends to a buffer of fixed size.
class Text {
 public:
  Text(char* out, size_t size) : out_(out), room_(size) {}
  void add(const char* bytes, size_t size) {
    size = std::min(size, room_ - used_);
    std::memcpy(out_ + used_, bytes, size);
    used_ += size;
  }
  void add(const char* literal) { add(literal, std::strlen(literal)); }
  void add_number(uint32_t number) {
    char digits[12];
    add(digits,
        static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, number).ptr - digits));
  }
  bool add_string(const zend_string* string) {
    size_t length;
    char bytes[kMaxName];
    const char* base = reinterpret_cast<const char*>(string);
    if (string == nullptr || !read_value(length, base + offsetof(zend_string, len))) return false;
    length = std::min(length, sizeof bytes);
    if (!read_memory(bytes, base + offsetof(zend_string, val), length)) return false;
    add(bytes, length);
    return true;
  }
  size_t size() const { return used_; }

 private:
  char* const out_;
  const size_t room_;
  size_t used_ = 0;
};

void add_function_name(Text& text, const zend_function* function) {
  const zend_string* name = nullptr;
  const zend_class_entry* scope = nullptr;
  read_value(name, &function->common.function_name);
  read_value(scope, &function->common.scope);
  if (name == nullptr) return;
  text.add(" (in ");
  if (scope != nullptr) {
    const zend_string* class_name = nullptr;
    read_value(class_name, &scope->name);
    if (text.add_string(class_name)) text.add("::");
  }
  text.add_string(name);
  text.add(")");
}

// PHP 8.4 calls some C functions without a frame: nullptr when this is no such call.
const zend_function* frameless_function([[maybe_unused]] const zend_op* opline) {
#ifdef ZEND_FRAMELESS_ICALL_0
  zend_op copy;
  if (!read_value(copy, opline) || !ZEND_OP_IS_FRAMELESS_ICALL(copy.opcode)) return nullptr;
  const zend_function* function = nullptr;
  read_value(function, zend_flf_functions + copy.extended_value);
  return function;
#else
  return nullptr;
#endif
}

}  // namespace

Position describe_position(char* out, size_t size) {
  Text text(out, size);
  const zend_execute_data* frame = EG(current_execute_data);
  const zend_function* top = nullptr;
  Position position;
  for (int depth = 0; frame != nullptr && depth < kMaxFrames; ++depth) {
    zend_execute_data copy;
    if (!read_value(copy, frame)) break;
    frame = copy.prev_execute_data;
    decltype(copy.func->type) type;
    if (!read_value(type, copy.func)) continue;
    if (top == nullptr) {
      top = copy.func;
      position.in_internal_call = !ZEND_USER_CODE(type);
    }
    if (!ZEND_USER_CODE(type)) continue;
    // The line may be an older one, so this is not yet the word of a frame.
    if (top == copy.func) {
      if (const auto* called = frameless_function(copy.opline)) top = called;
    }
    const zend_string* file = nullptr;
    uint32_t line = 0;
    read_value(file, &copy.func->op_array.filename);
    if (copy.opline != nullptr) read_value(line, &copy.opline->lineno);
    if (!text.add_string(file)) break;
    text.add(":");
    text.add_number(line);
    break;
  }
  if (text.size() > 0 && top != nullptr) add_function_name(text, top);
  position.size = text.size();
  return position;
}

}  // namespace howdah::php

#pragma once

// Reading PHP's structures where they may change or be wrong at any time: those of a script at any
// instruction of it, and those of another process. A bad pointer makes a read fail, never a fault.
//
// Async-signal-safe; no destructor that matters to a longjmp.

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "php/php_api.h"

namespace howdah::php {

// The memory of one process, this one or another.
class ScriptMemory {
 public:
  explicit ScriptMemory(pid_t pid) : pid_(pid) {}

  // memcpy that fails instead of faulting.
  bool read(void* into, const void* from, size_t size) const {
    iovec local{into, size};
    iovec remote{const_cast<void*>(from), size};
    return from != nullptr &&
           ::process_vm_readv(pid_, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
  }
  template <class T>
  bool read_value(T& into, const void* from) const {
    return read(&into, from, sizeof into);
  }

 private:
  const pid_t pid_;
};

// Appends to a buffer of fixed size; what does not fit is left out.
class BoundedText {
 public:
  static constexpr size_t kMaxName = 400;

  BoundedText(char* out, size_t size) : out_(out), room_(size) {}
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
  // At most kMaxName bytes of it, up to a NUL byte (what follows one in the name of an anonymous
  // class is no name), with question marks for control bytes: a text is lines.
  bool add_string(const ScriptMemory& memory, const zend_string* string) {
    size_t length;
    char bytes[kMaxName];
    const char* base = reinterpret_cast<const char*>(string);
    if (string == nullptr || !memory.read_value(length, base + offsetof(zend_string, len))) {
      return false;
    }
    length = std::min(length, sizeof bytes);
    if (!memory.read(bytes, base + offsetof(zend_string, val), length)) return false;
    for (size_t i = 0; i < length; ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      if (byte == 0) length = i;
      if (byte < 0x20 || byte == 0x7f) bytes[i] = '?';
    }
    add(bytes, length);
    return true;
  }
  void cut_to(size_t size) { used_ = std::min(used_, size); }
  size_t size() const { return used_; }
  size_t room() const { return room_ - used_; }

 private:
  char* const out_;
  const size_t room_;
  size_t used_ = 0;
};

// "Class::function", or nothing for code outside of functions.
inline void add_function_name(BoundedText& text, const ScriptMemory& memory,
                              const zend_function* function) {
  const zend_string* name = nullptr;
  const zend_class_entry* scope = nullptr;
  memory.read_value(name, &function->common.function_name);
  memory.read_value(scope, &function->common.scope);
  if (name == nullptr) return;
  if (scope != nullptr) {
    const zend_string* class_name = nullptr;
    memory.read_value(class_name, &scope->name);
    if (text.add_string(memory, class_name)) text.add("::");
  }
  text.add_string(memory, name);
}

// PHP 8.4 calls some C functions without a frame: nullptr when this is no such call.
inline const zend_function* frameless_function([[maybe_unused]] const ScriptMemory& memory,
                                               [[maybe_unused]] const zend_op* opline) {
#ifdef ZEND_FRAMELESS_ICALL_0
  zend_op copy;
  if (!memory.read_value(copy, opline) || !ZEND_OP_IS_FRAMELESS_ICALL(copy.opcode)) return nullptr;
  const zend_function* function = nullptr;
  memory.read_value(function, zend_flf_functions + copy.extended_value);
  return function;
#else
  return nullptr;
#endif
}

}  // namespace howdah::php

#pragma once

// How a function says that it failed.
//
// What a peer sends wrong and what the operating system refuses are values of type Error inside a
// Result; docs/errors.md says which failures are handled so and which are not. Nothing of ours
// throws.

#include <cerrno>
#include <expected>
#include <string>

namespace howdah::base {

enum class ErrorKind {
  kSystem,    // a system call failed; sys_errno says how
  kProtocol,  // a peer broke the rules of its protocol
  kLimit,     // a configured limit was reached
  kTimeout,   // a deadline passed
  kClosed,    // the other end is gone
  kInvalid,   // a value given by the operator cannot be used
};

// Small and cheap to copy. `context` points at a string literal that names the operation.
struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::kSystem;
  int sys_errno = 0;
  const char* context = "";

  // "bind: Address already in use"
  std::string message() const;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// The Error for the errno of the call that just failed.
inline Error errno_error(const char* context) { return {ErrorKind::kSystem, errno, context}; }

inline std::unexpected<Error> fail(Error error) { return std::unexpected(error); }
inline std::unexpected<Error> fail_errno(const char* context) {
  return std::unexpected(errno_error(context));
}

// Calls a system call again for as long as a signal interrupts it.
template <class Call>
auto retry_eintr(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

// For failures that can only mean a broken start (docs/errors.md): prints and aborts.
[[noreturn]] void die(const char* context, int sys_errno = errno);

}  // namespace howdah::base

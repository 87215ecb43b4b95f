#include "php/script_environment.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace howdah::php {
namespace {

// Without a value: not there, whatever the process has.
thread_local std::map<std::string, std::optional<std::string>, std::less<>> assignments;

void (*real_getenv)(INTERNAL_FUNCTION_PARAMETERS) = nullptr;

// Texts end at their first NUL, as they do for the C library, on which PHP's own functions stand.

void put_own(INTERNAL_FUNCTION_PARAMETERS) {
  zend_string* assignment;
  ZEND_PARSE_PARAMETERS_START(1, 1)
  Z_PARAM_STR(assignment)
  ZEND_PARSE_PARAMETERS_END();
  std::string_view text = ZSTR_VAL(assignment);
  if (ZSTR_LEN(assignment) == 0 || text.starts_with('=')) {
    zend_argument_value_error(1, "must have a valid syntax");
    RETURN_THROWS();
  }
  const size_t equals = text.find('=');
  auto& value = assignments[std::string(text.substr(0, equals))];
  if (equals == text.npos) {
    value.reset();
  } else {
    value = text.substr(equals + 1);
  }
  RETURN_TRUE;
}

void get_own(INTERNAL_FUNCTION_PARAMETERS) {
  zend_string* name = nullptr;
  bool local_only = false;
  ZEND_PARSE_PARAMETERS_START(0, 2)
  Z_PARAM_OPTIONAL
  Z_PARAM_STR_OR_NULL(name)
  Z_PARAM_BOOL(local_only)
  ZEND_PARSE_PARAMETERS_END();
  auto own =
      name == nullptr ? assignments.end() : assignments.find(std::string_view(ZSTR_VAL(name)));
  if (own == assignments.end()) return real_getenv(INTERNAL_FUNCTION_PARAM_PASSTHRU);
  if (!local_only) {
    if (char* of_request = sapi_getenv(ZSTR_VAL(name), ZSTR_LEN(name)); of_request != nullptr) {
      RETVAL_STRING(of_request);
      efree(of_request);
      return;
    }
  }
  if (!own->second) RETURN_FALSE;
  RETURN_STRINGL(own->second->data(), own->second->size());
}

auto replace(const char* name, void (*handler)(INTERNAL_FUNCTION_PARAMETERS)) {
  auto* function = static_cast<zend_internal_function*>(
      zend_hash_str_find_ptr(CG(function_table), name, strlen(name)));
  return function == nullptr ? nullptr : std::exchange(function->handler, handler);
}

// --- processes that scripts start

// The environment of one, while it is being started.
class ChildEnvironment {
 public:
  explicit ChildEnvironment(char* const* wanted) : pointers_(wanted) {
    if (wanted != environ || assignments.empty()) return;
    for (char** at = environ; *at != nullptr; ++at) {
      std::string_view entry = *at;
      if (!assignments.contains(entry.substr(0, entry.find('=')))) entries_.push_back(*at);
    }
    texts_.reserve(assignments.size());
    for (const auto& [name, value] : assignments) {
      if (value) entries_.push_back(texts_.emplace_back(name + '=' + *value).data());
    }
    entries_.push_back(nullptr);
    pointers_ = entries_.data();
  }
  char* const* get() const { return pointers_; }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> entries_;
  char* const* pointers_;
};

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

// Streams of popen() below.
std::mutex streams_mutex;
std::map<FILE*, pid_t> streams;

}  // namespace

void keep_environments_apart() {
  real_getenv = replace("getenv", get_own);
  replace("putenv", put_own);
}

void forget_assignments() { assignments.clear(); }

void apply_assignments(zval* array) {
  for (const auto& [name, value] : assignments) {
    if (!value) {
      zend_symtable_str_del(Z_ARRVAL_P(array), name.data(), name.size());
      continue;
    }
    zval text;
    ZVAL_STRINGL_FAST(&text, value->data(), value->size());
    zend_symtable_str_update(Z_ARRVAL_P(array), name.data(), name.size(), &text);
  }
}

}  // namespace howdah::php

// PHP starts processes by these functions of the C library, which give them the environment of this
// process. Defined in the program they come first.

extern "C" int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                           const posix_spawnattr_t* attributes, char* const arguments[],
                           char* const environment[]) {
  static auto* const real = howdah::php::next<decltype(posix_spawn)>("posix_spawn");
  const howdah::php::ChildEnvironment own(environment);
  return real(pid, path, actions, attributes, arguments, own.get());
}

extern "C" int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                            const posix_spawnattr_t* attributes, char* const arguments[],
                            char* const environment[]) {
  static auto* const real = howdah::php::next<decltype(posix_spawnp)>("posix_spawnp");
  const howdah::php::ChildEnvironment own(environment);
  return real(pid, file, actions, attributes, arguments, own.get());
}

// The C library's own where there is nothing to add.
extern "C" FILE* popen(const char* command, const char* mode) {
  static auto* const real = howdah::php::next<decltype(popen)>("popen");
  if (howdah::php::assignments.empty()) return real(command, mode);
  const bool reads = *mode == 'r';
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) < 0) return nullptr;
  const int ours = pipe[reads ? 0 : 1], childs = pipe[reads ? 1 : 0];
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, childs, reads ? STDOUT_FILENO : STDIN_FILENO);
  char* const arguments[] = {const_cast<char*>("sh"), const_cast<char*>("-c"),
                             const_cast<char*>(command), nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, "/bin/sh", &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(childs);
  FILE* stream = error == 0 ? ::fdopen(ours, reads ? "r" : "w") : nullptr;
  if (stream == nullptr) {
    ::close(ours);
    if (error != 0) errno = error;
    return nullptr;
  }
  std::lock_guard lock(howdah::php::streams_mutex);
  howdah::php::streams.emplace(stream, pid);
  return stream;
}

extern "C" int pclose(FILE* stream) {
  static auto* const real = howdah::php::next<decltype(pclose)>("pclose");
  std::unique_lock lock(howdah::php::streams_mutex);
  auto own = howdah::php::streams.extract(stream);
  lock.unlock();
  if (own.empty()) return real(stream);
  ::fclose(stream);
  int status = -1;
  while (::waitpid(own.mapped(), &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

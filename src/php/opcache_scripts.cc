#include "php/opcache_scripts.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <ranges>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "base/exit_status.h"
#include "php/engine.h"
#include "php/opcache_restarts.h"
#include "php/php_api.h"

namespace howdah::php {
namespace {

// Scripts compiled in one request: what they declare would meet the declarations of others.
constexpr int kScriptsPerRequest = 100;
// A child that does not come back from a script.
constexpr int kWarmGraceMs = 2000;

// A request that nobody has sent. False: there can be none.
bool begin_own_request() {
  if (!enter_request_start()) return false;
  SG(server_context) = nullptr;
  SG(request_info) = {};
  // OPcache lets scripts below this path alone use its functions.
  const char* allowed = zend_ini_string("opcache.restrict_api", strlen("opcache.restrict_api"), 0);
  if (allowed != nullptr && *allowed != '\0') {
    SG(request_info).path_translated = const_cast<char*>(allowed);
  }
  bool begun = php_request_startup() == SUCCESS;
  leave_request_start();
  if (!begun) return false;
  SG(headers_sent) = 1;
  SG(request_info).no_headers = 1;
  EG(error_reporting) = 0;
  return true;
}

void end_own_request() {
  php_request_shutdown(nullptr);
  SG(request_info).path_translated = nullptr;
}

// Calls a function of OPcache. False when there is none (disable_functions) or it threw.
bool call(const char* name, zval* argument, zval* result) {
  zval function;
  ZVAL_STRING(&function, name);
  ZVAL_NULL(result);
  bool called = zend_hash_find(CG(function_table), Z_STR(function)) != nullptr &&
                call_user_function(nullptr, nullptr, &function, result, 1, argument) == SUCCESS;
  zval_ptr_dtor(&function);
  if (EG(exception) == nullptr) return called;
  zend_clear_exception();
  return false;
}

// --- listing -------------------------------------------------------------------------------------

// What opcache_get_status() answers, as a list of paths. PHP does nothing while this runs.
std::string paths_of(zval* status) {
  using Script = std::pair<zend_long, std::string_view>;  // hits
  std::vector<Script> found;
  zval* scripts = Z_TYPE_P(status) == IS_ARRAY
                      ? zend_hash_str_find(Z_ARRVAL_P(status), "scripts", strlen("scripts"))
                      : nullptr;
  if (scripts == nullptr || Z_TYPE_P(scripts) != IS_ARRAY) return {};
  HashTable* table = Z_ARRVAL_P(scripts);
  HashPosition at;
  zend_hash_internal_pointer_reset_ex(table, &at);
  for (zval* script; (script = zend_hash_get_current_data_ex(table, &at)) != nullptr;
       zend_hash_move_forward_ex(table, &at)) {
    zend_string* path = nullptr;
    zend_ulong number;
    if (zend_hash_get_current_key_ex(table, &path, &number, &at) != HASH_KEY_IS_STRING) continue;
    if (ZSTR_VAL(path)[0] != '/' || Z_TYPE_P(script) != IS_ARRAY) continue;
    zval* hits = zend_hash_str_find(Z_ARRVAL_P(script), "hits", strlen("hits"));
    found.emplace_back(hits == nullptr ? 0 : zval_get_long(hits),
                       std::string_view(ZSTR_VAL(path), ZSTR_LEN(path)));
  }
  std::ranges::stable_sort(found, std::greater(), &Script::first);
  std::string list;
  for (const auto& [hits, name] : found | std::views::take(kMostListed)) {
    if (list.size() + name.size() + 1 > kLongestScriptList) break;
    list.append(name).push_back('\0');
  }
  return list;
}

void write_paths(int list, zval* status) {
  std::string paths = paths_of(status);
  std::ignore = base::write_all(list, paths.data(), paths.size());
}

void list_in_own_request(int list) {
  if (!begin_own_request()) return;
  zend_try {
    zval with_scripts, status;
    ZVAL_TRUE(&with_scripts);
    if (call("opcache_get_status", &with_scripts, &status)) write_paths(list, &status);
    zval_ptr_dtor(&status);
  }
  zend_end_try();
  end_own_request();
}

// --- compiling -----------------------------------------------------------------------------------

// How far it is, in memory that a longjmp leaves as it is.
struct Progress {
  const char* at;  // the path whose turn it is
  const char* end;
  const char* open = nullptr;  // the path that was begun and is not compiled
  base::Nanos until;
  uint32_t compiled = 0;
  uint32_t skipped = 0;
  char failed[channel::kMaxTextBytes / 2];  // paths, a line each
  size_t failed_size = 0;

  bool over() const { return at >= end || base::monotonic_now() >= until; }
};

void note_skipped(Progress* progress) {
  const char* path = std::exchange(progress->open, nullptr);
  if (path == nullptr) return;
  ++progress->skipped;
  size_t size = strlen(path);
  if (progress->failed_size + size + 1 > sizeof progress->failed) return;
  memcpy(progress->failed + progress->failed_size, path, size);
  progress->failed_size += size;
  progress->failed[progress->failed_size++] = '\n';
}

void compile_next(Progress* progress) {
  const char* path = progress->open = progress->at;
  progress->at += strlen(path) + 1;
  if (::access(path, R_OK) != 0) return;
  zval name, result;
  ZVAL_STRING(&name, path);
  if (call("opcache_compile_file", &name, &result) && Z_TYPE(result) == IS_TRUE) {
    ++progress->compiled;
    progress->open = nullptr;
  }
  zval_ptr_dtor(&name);
  zval_ptr_dtor(&result);
}

// False: there can be no request.
bool compile_some(Progress* progress) {
  if (!begin_own_request()) return false;
  zend_try {
    for (int i = 0; i < kScriptsPerRequest && !progress->over(); ++i) {
      compile_next(progress);
      note_skipped(progress);
    }
  }
  zend_end_try();
  note_skipped(progress);  // that one ended the request
  end_own_request();
  return true;
}

std::string read_list(int list) {
  struct stat info;
  if (::fstat(list, &info) < 0 || info.st_size <= 0) return {};
  if (info.st_size > static_cast<off_t>(kLongestScriptList)) return {};
  std::string text(static_cast<size_t>(info.st_size), '\0');
  if (::pread(list, text.data(), text.size(), 0) != info.st_size || text.back() != '\0') return {};
  return text;
}

std::string moved(std::string_view list, Roots roots) {
  Roots folders = differing_part(roots);
  std::string paths;
  while (!list.empty()) {
    std::string_view path = list.substr(0, list.find('\0'));
    list.remove_prefix(path.size() + 1);
    bool inside = !folders.from.empty() && path.starts_with(folders.from) &&
                  path.substr(folders.from.size()).starts_with('/');
    if (inside) path.remove_prefix(folders.from.size());
    if (inside) paths.append(folders.to);
    paths.append(path).push_back('\0');
  }
  return paths;
}

void compile_all(const std::string& paths, FrontLink& link) {
  auto progress = std::make_unique<Progress>();
  progress->at = paths.data();
  progress->end = paths.data() + paths.size();
  progress->until = base::monotonic_now() + kWarmSeconds * base::kSecond;
  while (!progress->over() && compile_some(progress.get())) continue;
  link.send_now({.type = channel::ControlType::kScriptsWarmed,
                 .pid = static_cast<int32_t>(progress->skipped),
                 .status = static_cast<int32_t>(progress->compiled)},
                {progress->failed, progress->failed_size});
}

#ifndef ZTS
// A child that ends with the host and never returns from here. Its pid in the host; 0 in it.
pid_t fork_helper() {
  pid_t host = ::getpid();
  pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != host) ::_exit(1);
  enter_engine();
  return 0;
}
#endif

}  // namespace

Roots differing_part(Roots roots) {
  if (roots.from == roots.to) return {};
  for (;;) {
    size_t from = roots.from.rfind('/');
    size_t to = roots.to.rfind('/');
    if (from == roots.from.npos || to == roots.to.npos || from == 0 || to == 0) return roots;
    if (roots.from.substr(from) != roots.to.substr(to)) return roots;
    roots.from = roots.from.substr(0, from);
    roots.to = roots.to.substr(0, to);
  }
}

#ifdef ZTS
void list_scripts(int list, FrontLink& link) {
  list_in_own_request(list);
  link.send({.type = channel::ControlType::kScriptsListed});
}

void warm_scripts(int list, Roots roots, FrontLink& link) {
  compile_all(moved(read_list(list), roots), link);
}
#else
void list_scripts(int list, FrontLink& link) {
  if (fork_helper() != 0) return;
  list_in_own_request(list);
  link.send_now({.type = channel::ControlType::kScriptsListed}, {});
  ::_exit(0);
}

void warm_scripts(int list, Roots roots, FrontLink& link) {
  std::string paths = moved(read_list(list), roots);
  if (paths.empty()) return;
  pid_t child = fork_helper();
  if (child < 0) return;
  if (child == 0) {
    compile_all(paths, link);
    ::_exit(0);
  }
  base::UniqueFd ended(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  pollfd waiting{ended.get(), POLLIN, 0};
  int ready =
      base::retry_eintr([&] { return ::poll(&waiting, 1, kWarmSeconds * 1000 + kWarmGraceMs); });
  if (ready <= 0) ::kill(child, SIGKILL);
  int status = 0;
  base::retry_eintr([&] { return ::waitpid(child, &status, 0); });
  if (status == 0) return;
  link.send({.type = channel::ControlType::kLine, .worker = channel::kNoWorker},
            "compiling scripts ahead: " + base::describe_exit(status));
}
#endif

}  // namespace howdah::php

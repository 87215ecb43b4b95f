#include "php/user_ini.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

#include "php/php_api.h"

namespace howdah::php {
namespace {

// Where PHP would look if it were not told otherwise.
constexpr const char* kUsualName = ".user.ini";
// Directories whose settings a worker keeps; with more it begins anew.
constexpr uint32_t kKeptDirectories = 512;
constexpr int kWarnLevel = 2;  // base::LogLevel::kWarn, whose header does not go with PHP's

// One for all workers of a host.
std::atomic<bool>* told = nullptr;

// The settings in force in one directory: all files from the document root down to it.
struct Directory {
  double expires;
  HashTable settings;
};

// Directory by name; a null pointer for one that has been looked at while files are not honoured.
// malloc's memory, not the request's; no destructor: calls into PHP can be left by a longjmp.
thread_local HashTable* kept = nullptr;

void free_directory(zval* value) {
  auto* directory = static_cast<Directory*>(Z_PTR_P(value));
  if (directory == nullptr) return;
  zend_hash_destroy(&directory->settings);
  free(directory);
}

HashTable* kept_directories() {
  if (kept == nullptr) {
    kept = static_cast<HashTable*>(malloc(sizeof(HashTable)));
    if (kept == nullptr) abort();
    zend_hash_init(kept, 8, nullptr, free_directory, 1);
  }
  if (zend_hash_num_elements(kept) >= kKeptDirectories) zend_hash_clean(kept);
  return kept;
}

// The directory of the request's script, with a slash at its end, in memory that PHP may change.
struct ScriptDirectory {
  char path[MAXPATHLEN];
  size_t size;  // without the slash
};

bool directory_of_script(const RequestState* state, ScriptDirectory& directory) {
  std::string_view script = state->var(channel::Var::kScriptFilename);
  size_t slash = script.rfind('/');
  if (slash == script.npos || slash + 2 > sizeof directory.path) return false;
  std::memcpy(directory.path, script.data(), slash + 1);
  directory.path[slash + 1] = '\0';
  directory.size = slash;
  return true;
}

// Calls `visit(name)` with each directory from the document root down to the script's; with the
// script's alone when that is elsewhere. The name ends with a NUL byte.
template <class Visit>
void for_each_directory(const RequestState* state, ScriptDirectory& directory, Visit visit) {
  std::string_view root = state->var(channel::Var::kDocumentRoot);
  if (root.ends_with('/')) root.remove_suffix(1);
  std::string_view path(directory.path, directory.size);
  bool inside = path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
  for (size_t end = inside ? root.size() : path.size();; ++end) {
    end = std::min(path.find('/', end), path.size());
    directory.path[end] = '\0';
    visit(end == 0 ? "/" : directory.path);
    directory.path[end] = '/';
    if (end == path.size()) return;
  }
}

void read_settings(const RequestState* state, ScriptDirectory& script, HashTable* settings) {
#ifdef ZTS
  // PHP's reader of ini files keeps its place in variables of the process.
  static std::mutex reading;
  reading.lock();
#endif
  zend_try {
    for_each_directory(state, script, [settings](const char* name) {
      php_parse_user_ini_file(name, PG(user_ini_filename), settings);
    });
  }
  zend_end_try();
#ifdef ZTS
  reading.unlock();
#endif
}

void activate_files(const RequestState* state, ScriptDirectory& script) {
  HashTable* directories = kept_directories();
  auto* directory =
      static_cast<Directory*>(zend_hash_str_find_ptr(directories, script.path, script.size));
  if (directory == nullptr) {
    directory = static_cast<Directory*>(malloc(sizeof(Directory)));
    if (directory == nullptr) return;
    directory->expires = 0;
    zend_hash_init(&directory->settings, 8, nullptr, config_zval_dtor, 1);
    zend_hash_str_update_ptr(directories, script.path, script.size, directory);
  }
  double now = sapi_get_request_time();
  if (now > directory->expires) {
    zend_hash_clean(&directory->settings);
    read_settings(state, script, &directory->settings);
    directory->expires = now + static_cast<double>(PG(user_ini_cache_ttl));
  }
  php_ini_activate_config(&directory->settings, PHP_INI_PERDIR, PHP_INI_STAGE_HTACCESS);
}

void tell_of(const RequestState* state, const char* directory) {
  char text[MAXPATHLEN + 128];
  int size = snprintf(text, sizeof text, "%s/%s", directory, kUsualName);
  if (size < 0 || static_cast<size_t>(size) >= sizeof text || ::access(text, F_OK) != 0) return;
  if (told == nullptr || told->exchange(true)) return;
  snprintf(text + size, sizeof text - static_cast<size_t>(size),
           " is not honoured, nor is any other: user_ini.filename is not set");
  if (state->can_log()) {
    state->channel->log(kWarnLevel, text);
  } else {
    php_log_err(text);  // the template of snapshot mode
  }
}

// What a site brings along for PHP-FPM should not be lost in silence.
void look_for_ignored(const RequestState* state, ScriptDirectory& script) {
  if (told == nullptr || told->load(std::memory_order_relaxed)) return;
  HashTable* directories = kept_directories();
  if (zend_hash_str_exists(directories, script.path, script.size)) return;
  zval nothing;
  ZVAL_PTR(&nothing, nullptr);
  zend_hash_str_add(directories, script.path, script.size, &nothing);
  for_each_directory(state, script, [state](const char* name) { tell_of(state, name); });
}

void activate_host(const RequestState* state) {
  std::string_view name = state->var(channel::Var::kServerName);
  char host[256];
  if (name.empty() || name.size() >= sizeof host) return;
  zend_str_tolower_copy(host, name.data(), name.size());
  php_ini_activate_per_host_config(host, name.size());
}

}  // namespace

void prepare_user_ini() {
  void* page =
      ::mmap(nullptr, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED) told = new (page) std::atomic<bool>(false);
}

void activate_user_ini(RequestState* state) {
  bool files = PG(user_ini_filename) != nullptr && *PG(user_ini_filename) != '\0';
  if (php_ini_has_per_host_config()) activate_host(state);
  ScriptDirectory script;
  if (!directory_of_script(state, script)) return;
  if (php_ini_has_per_dir_config()) php_ini_activate_per_dir_config(script.path, script.size + 1);
  if (files) {
    activate_files(state, script);
  } else {
    look_for_ignored(state, script);
  }
}

void forget_user_ini() {
  if (kept == nullptr) return;
  zend_hash_destroy(kept);
  free(kept);
  kept = nullptr;
}

}  // namespace howdah::php

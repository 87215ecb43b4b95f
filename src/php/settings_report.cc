#include "php/settings_report.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "php/engine.h"
#include "php/php_api.h"

extern "C" {
extern PHPAPI char* php_ini_opened_path;
}

namespace howdah::php {
namespace {

// The process ends with what it has said, so that nothing here is freed one by one.

void add_settings(zval* report) {
  zval list;
  array_init(&list);
  zend_string* name;
  zval* item;
  ZEND_HASH_FOREACH_STR_KEY_VAL(EG(ini_directives), name, item) {
    auto* entry = static_cast<zend_ini_entry*>(Z_PTR_P(item));
    if (name == nullptr) continue;
    zval value;
    ZVAL_NULL(&value);
    if (entry->value != nullptr) {
      ZVAL_STRINGL(&value, ZSTR_VAL(entry->value), ZSTR_LEN(entry->value));
    }
    zend_hash_update(Z_ARRVAL(list), name, &value);
  }
  ZEND_HASH_FOREACH_END();
  add_assoc_zval(report, "ini", &list);
}

void add_extensions(zval* report) {
  zval list;
  array_init(&list);
  zval* item;
  ZEND_HASH_FOREACH_VAL(&module_registry, item) {
    add_next_index_string(&list, static_cast<zend_module_entry*>(Z_PTR_P(item))->name);
  }
  ZEND_HASH_FOREACH_END();
  add_assoc_zval(report, "extensions", &list);

  array_init(&list);
  zend_llist_apply_with_argument(
      &zend_extensions,
      [](void* extension, void* names) {
        add_next_index_string(static_cast<zval*>(names),
                              static_cast<zend_extension*>(extension)->name);
      },
      &list);
  add_assoc_zval(report, "zend_extensions", &list);
}

void add_directory(zval* list, const char* setting, const char* path) {
  zval entry;
  array_init(&entry);
  add_assoc_string(&entry, "path", path);
  add_assoc_bool(&entry, "writable", ::access(path, W_OK | X_OK) == 0);
  add_assoc_zval(list, setting, &entry);
}

const char* setting(const char* name) {
  char* value = zend_ini_string(name, strlen(name), 0);
  return value == nullptr ? "" : value;
}

// Where the `files` handler keeps sessions: "[depth;[mode;]]path". With a depth it only needs to
// write below the path, into directories that somebody made.
void add_session_directory(zval* list) {
  if (strcmp(setting("session.save_handler"), "files") != 0) return;
  const char* path = setting("session.save_path");
  if (atoi(path) > 0) return;
  if (const char* last = strrchr(path, ';')) path = last + 1;
  add_directory(list, "session.save_path", *path == '\0' ? php_get_temporary_directory() : path);
}

void add_directories(zval* report) {
  zval list;
  array_init(&list);
  add_session_directory(&list);
  const char* uploads = setting("upload_tmp_dir");
  // PHP itself falls back to the other where an upload cannot be written.
  if (*uploads != '\0') add_directory(&list, "upload_tmp_dir", uploads);
  add_directory(&list, "sys_temp_dir", php_get_temporary_directory());
  add_assoc_zval(report, "directories", &list);
}

}  // namespace

int report_settings(const Options& options) {
  // PHP's start, and what it preloads, may print.
  int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  if (!start_engine(options)) return 1;
  std::string version(engine_version());

  zval report;
  array_init(&report);
  add_assoc_stringl(&report, "php", version.data(), version.size());
  if (php_ini_opened_path == nullptr) {
    add_assoc_null(&report, "ini_file");
  } else {
    add_assoc_string(&report, "ini_file", php_ini_opened_path);
  }
  add_settings(&report);
  add_extensions(&report);
  add_assoc_bool(&report, "executor_replaced", zend_execute_ex != execute_ex);
  add_directories(&report);

  smart_str text{};
  php_json_encode(&text, &report, PHP_JSON_INVALID_UTF8_SUBSTITUTE);
  smart_str_appendc(&text, '\n');
  bool written = base::write_all(output, ZSTR_VAL(text.s), ZSTR_LEN(text.s)).has_value();
  ::_exit(written ? 0 : 1);
}

}  // namespace howdah::php

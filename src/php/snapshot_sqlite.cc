#include "php/snapshot_sqlite.h"

namespace howdah::php {
namespace {

// Empty for those in memory.
constexpr const char* kFilesQuery = "SELECT max(file) FROM pragma_database_list";

zend_class_entry* find_class(const char* name) {
  return static_cast<zend_class_entry*>(
      zend_hash_str_find_ptr(CG(class_table), name, strlen(name)));
}

// The method of the class itself, whatever subclasses make of it. Undefined after an exception.
void call(zend_class_entry* entry, zend_object* object, const char* method, zval* result,
          zval* argument) {
  ZVAL_UNDEF(result);
  auto* function = static_cast<zend_function*>(
      zend_hash_str_find_ptr(&entry->function_table, method, strlen(method)));
  if (function == nullptr) return;
  zend_call_known_function(function, object, object->ce, result, argument == nullptr ? 0 : 1,
                           argument, nullptr);
  if (EG(exception) != nullptr) zend_clear_exception();
}

zend_string* take_file(zval* value) {
  if (Z_TYPE_P(value) == IS_STRING && Z_STRLEN_P(value) > 0) return Z_STR_P(value);
  zval_ptr_dtor(value);
  return nullptr;
}

zend_string* file_of_sqlite3(zend_class_entry* entry, zend_object* object) {
  zval query, file;
  ZVAL_STRING(&query, kFilesQuery);
  call(entry, object, "querysingle", &file, &query);
  zval_ptr_dtor(&query);
  return take_file(&file);
}

bool is_pdo_sqlite(zend_class_entry* entry, zend_object* object) {
  constexpr zend_long kDriverName = 16;  // PDO::ATTR_DRIVER_NAME
  zval attribute, name;
  ZVAL_LONG(&attribute, kDriverName);
  call(entry, object, "getattribute", &name, &attribute);
  bool sqlite = Z_TYPE(name) == IS_STRING && zend_string_equals_literal(Z_STR(name), "sqlite");
  zval_ptr_dtor(&name);
  return sqlite;
}

zend_string* file_of_pdo(zend_class_entry* entry, zend_object* object) {
  if (!is_pdo_sqlite(entry, object)) return nullptr;
  zval query, statement, file;
  ZVAL_STRING(&query, kFilesQuery);
  call(entry, object, "query", &statement, &query);
  zval_ptr_dtor(&query);
  ZVAL_UNDEF(&file);
  if (Z_TYPE(statement) == IS_OBJECT) {
    zend_class_entry* statements = find_class("pdostatement");
    if (statements != nullptr) {
      call(statements, Z_OBJ(statement), "fetchcolumn", &file, nullptr);
    }
  }
  zval_ptr_dtor(&statement);
  return take_file(&file);
}

}  // namespace

zend_string* find_sqlite_file() {
  zend_class_entry* pdo = find_class("pdo");
  zend_class_entry* sqlite3 = find_class("sqlite3");
  if (pdo == nullptr && sqlite3 == nullptr) return nullptr;
  const uint32_t end = EG(objects_store).top;
  for (uint32_t i = 1; i < end; ++i) {
    zend_object* object = EG(objects_store).object_buckets[i];
    if (!IS_OBJ_VALID(object)) continue;
    zend_string* file = nullptr;
    if (pdo != nullptr && instanceof_function(object->ce, pdo)) file = file_of_pdo(pdo, object);
    if (sqlite3 != nullptr && instanceof_function(object->ce, sqlite3)) {
      file = file_of_sqlite3(sqlite3, object);
    }
    if (file != nullptr) return file;
  }
  return nullptr;
}

}  // namespace howdah::php

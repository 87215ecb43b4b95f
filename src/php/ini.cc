#include "php/ini.h"

#include <cctype>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string_view>

extern "C" {
extern PHPAPI char* php_ini_opened_path;
extern PHPAPI char* php_ini_scanned_files;
}

namespace howdah::php {
namespace {

struct Setting {
  const char* name;
  const char* value;
};
constexpr const char* kJitDefault = "tracing";
// PHP 8.2 to 8.4: a JIT that has made as many traces as it may, and has to give one up, writes the
// handler of that trace's function into whichever function runs (zend_jit_trace.c, "too many root
// traces"). More than there can be: opcache.jit_max_exit_counters (8192) ends them before.
constexpr const char* kMoreTracesThanAreMade = "16384";
constexpr Setting kDefaults[] = {
    {"output_buffering", "4096"},
    {"display_errors", "0"},
    {"log_errors", "1"},
    {"register_argc_argv", "0"},
    {"variables_order", "GPCS"},
    {"max_execution_time", "30"},
    {"opcache.enable", "1"},
    {"opcache.jit", kJitDefault},
    {"opcache.jit_buffer_size", "64M"},
    {"opcache.jit_max_root_traces", kMoreTracesThanAreMade},
    {"user_ini.filename", ""},
};
constexpr std::string_view kJitKey = "opcache.jit";
// The first line of the opcache.ini that Debian installs.
constexpr std::string_view kDebianMark = "; configuration for php opcache module";

std::string_view trim(std::string_view text) {
  while (!text.empty() && isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// The value that a php.ini gives the JIT; false when it gives none, or only Debian's.
bool read_jit_value(const std::string& path, std::string& value) {
  std::ifstream file(path);
  std::string line;
  bool debian = false;
  bool found = false;
  while (std::getline(file, line)) {
    std::string_view text = trim(line);
    debian = debian || text == kDebianMark;
    size_t equals = text.find('=');
    if (equals == text.npos || trim(text.substr(0, equals)) != kJitKey) continue;
    text = trim(text.substr(equals + 1).substr(0, text.substr(equals + 1).find(';')));
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
      text = text.substr(1, text.size() - 2);
    }
    found = !(debian && text == "off");
    value = text;
  }
  return found;
}

void configure(HashTable* configuration, std::string_view name, std::string_view value) {
  zval text;
  ZVAL_NEW_STR(&text, zend_string_init(value.data(), value.size(), 1));
  zend_hash_str_update(configuration, name.data(), name.size(), &text);
}

HashTable* configuration_hash = nullptr;

}  // namespace

void set_ini_defaults(HashTable* configuration) {
  configuration_hash = configuration;
  for (const Setting& setting : kDefaults) configure(configuration, setting.name, setting.value);
}

std::string make_ini_entries(const std::vector<std::string>& sets) {
  std::string entries;
  for (std::string_view set : sets) {
    size_t equals = set.find('=');
    std::string_view key = trim(set.substr(0, equals));
    std::string_view value = trim(set.substr(equals + 1));
    // As `php -d`: what does not look like a word or number is taken as text.
    bool plain = value.empty() || isalnum(static_cast<unsigned char>(value.front())) ||
                 value.front() == '"' || value.front() == '\'' || value.front() == '-';
    entries.append(key).append("=");
    if (plain) {
      entries.append(value);
    } else {
      entries.append("\"").append(value).append("\"");
    }
    entries.append("\n");
  }
  return entries;
}

void apply_jit_default() {
  // Settings of our own command line have been read by now, and win.
  std::istringstream own(sapi_module.ini_entries == nullptr ? "" : sapi_module.ini_entries);
  for (std::string line; std::getline(own, line);) {
    if (line.starts_with("opcache.jit=")) return;
  }
  std::string value = kJitDefault;
  std::string seen;
  if (php_ini_opened_path != nullptr && read_jit_value(php_ini_opened_path, seen)) value = seen;
  // "/a.ini,\n/b.ini,\n"
  std::istringstream scanned(php_ini_scanned_files == nullptr ? "" : php_ini_scanned_files);
  for (std::string path; std::getline(scanned, path, ',');) {
    path = trim(path);
    if (!path.empty() && read_jit_value(path, seen)) value = seen;
  }
  configure(configuration_hash, kJitKey, value);
}

}  // namespace howdah::php

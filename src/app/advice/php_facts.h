#pragma once

// What the worker program says of the PHP it would run (src/php/settings_report.h), as plain
// values.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::app {

struct PhpFacts {
  // A directory that PHP would write to, by the setting that names it.
  struct Directory {
    std::string setting;
    std::string path;
    bool writable = false;  // for the user PHP runs as
  };

  // Empty when PHP has no such setting.
  std::string_view value(std::string_view name) const;
  bool has(std::string_view name) const { return ini.contains(name); }
  // As PHP reads them: `1 true yes on` in any case or another number than 0.
  bool flag(std::string_view name) const;
  // A number with k, m or g (powers of 1024); 0 for what is none.
  int64_t number(std::string_view name) const;
  bool has_zend_extension(std::string_view name) const;

  std::string version;   // "8.2.35 NTS"
  std::string ini_file;  // empty = none
  std::map<std::string, std::string, std::less<>> ini;
  std::vector<std::string> extensions;
  std::vector<std::string> zend_extensions;
  bool executor_replaced = false;  // by an extension; the JIT does not run then
  std::vector<Directory> directories;
};

// Nothing when `text` is not such a report.
std::optional<PhpFacts> parse_php_facts(std::string_view text);

}  // namespace howdah::app

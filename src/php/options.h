#pragma once

// The command line of howdah-php. Its caller is howdah, not a person: what is wrong is said in one
// line, and the exit status is 2.

#include <string>
#include <vector>

#include "base/result.h"
#include "php/worker_script.h"

namespace howdah::php {

struct Options {
  int control_fd = -1;
  int parent_pid = 0;  // 0 = do not check
  uint32_t hosts =
      1;  // processes that the worker threads are in; nothing where workers are processes
  std::string sapi_name = "fpm-fcgi";
  std::string ini_path;               // empty = where libphp looks
  std::vector<std::string> ini_sets;  // "key=value", win over every php.ini
  bool functions = true;              // off: no tokio_* functions (--no-ext)
  WorkerScript worker_script;         // no path: classic mode
  bool version = false;
  bool settings = false;  // say what PHP's settings are, and end
};

// The message is in `error` when this returns false.
bool parse_options(int argc, char** argv, Options& options, std::string& error);

}  // namespace howdah::php

#pragma once

// `howdah-php --settings`: what PHP's settings are once every php.ini, default and option is in
// force, for `howdah check`. PHP alone knows: its files, their order and its parser are its own.

#include "php/options.h"

namespace howdah::php {

// Starts PHP as a host does, preloading included, and writes one JSON object to stdout:
//   {"php": "8.2.35 NTS", "ini_file": string|null, "ini": {name: string|null, ...},
//    "extensions": [name, ...], "zend_extensions": [name, ...], "executor_replaced": bool,
//    "directories": {setting: {"path": string, "writable": bool}, ...}}
// What PHP says while it starts goes to stderr. Returns the exit status: 0, or 1 when PHP does not
// start. Runs no request.
int report_settings(const Options& options);

}  // namespace howdah::php

#pragma once

// php.ini: the contract's defaults where it is silent, and settings that win over it.

#include <string>
#include <vector>

#include "php/php_api.h"

namespace howdah::php {

// sapi_module.ini_defaults: runs before any php.ini is read.
void set_ini_defaults(HashTable* configuration);

// "key=value" lines for sapi_module.ini_entries, which are read after every php.ini.
std::string make_ini_entries(const std::vector<std::string>& sets);

// In MINIT, before OPcache reads its settings: Debian's opcache.ini switches the JIT off, which
// counts as silence; what anyone else has written holds.
void apply_jit_default();

}  // namespace howdah::php

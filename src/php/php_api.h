#pragma once

// PHP's headers, all of them in one place.
//
// They define short macros (SG, MIN, snprintf, ...) that would change other headers, so this file
// includes first whatever of ours and of C++ is used beside them. No header that is used outside
// this layer, or without PHP, may include it.
//
// Functions that call into PHP can be left by zend_bailout, a longjmp: nothing with a destructor
// may be alive across such a call.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "php/request_state.h"

// php.h includes zend_virtual_cwd.h, which does not say itself that it is C, and needs zend.h.
#include <Zend/zend.h>
extern "C" {
#include <Zend/zend_virtual_cwd.h>
}
// php.h comes before the rest, which relies on what it defines.
#include <SAPI.h>
#include <Zend/zend_exceptions.h>
#include <Zend/zend_extensions.h>
#include <Zend/zend_generators.h>
#include <Zend/zend_interfaces.h>
#include <Zend/zend_signal.h>
#include <Zend/zend_smart_str.h>
#include <Zend/zend_stream.h>
#include <main/php_ini.h>
#include <main/php_main.h>
#include <main/php_memory_streams.h>
#include <main/php_open_temporary_file.h>
#include <main/php_output.h>
#include <main/php_streams.h>
#include <main/php_variables.h>
#include <php.h>

#include <ext/spl/spl_exceptions.h>
#include <ext/standard/info.h>

// They do not say so themselves.
extern "C" {
#include <ext/json/php_json.h>
#include <ext/standard/head.h>
}

#ifdef ZTS
// The calling thread's copy of PHP's globals; each thread sets it once (engine.cc defines it).
ZEND_TSRMLS_CACHE_EXTERN()
#endif

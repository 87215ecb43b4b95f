#include "php/engine.h"

#include <dlfcn.h>

#include <clocale>
#include <csignal>
#include <cstdio>
#include <string>

#include "php/execution_timer.h"
#include "php/functions.h"
#include "php/ini.h"
#include "php/interrupt.h"
#include "php/opcache_restarts.h"
#include "php/sapi_module.h"
#include "php/server_variables.h"
#include "php/user_ini.h"

#ifdef ZTS
ZEND_TSRMLS_CACHE_DEFINE()
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// PHP loads extensions with RTLD_DEEPBIND, which sanitizers refuse.
extern "C" void* dlopen(const char* file, int mode) {
  using Open = void* (*)(const char*, int);
  static const auto next = reinterpret_cast<Open>(::dlsym(RTLD_NEXT, "dlopen"));
  return next(file, mode & ~RTLD_DEEPBIND);
}
#endif

namespace howdah::php {

bool start_engine(const Options& options) {
  // libphp was replaced under us: structures may have changed their shape.
#if PHP_VERSION_ID >= 80300
  if (php_version_id() / 100 != PHP_VERSION_ID / 100) {
    std::fprintf(stderr, "howdah-php was built for PHP %s, the libphp found is %s\n", PHP_VERSION,
                 php_version());
    return false;
  }
#endif
#ifdef ZTS
  if (!php_tsrm_startup()) return false;
  ZEND_TSRMLS_CACHE_UPDATE();
#endif
  zend_signal_startup();

  static std::string ini_entries;
  std::vector<std::string> sets = options.ini_sets;
  if (!options.worker_script.path.empty()) sets.emplace_back(kNoForcedRestart);
  ini_entries = make_ini_entries(sets);
  sapi_module_struct* module = server_sapi(options.sapi_name.c_str());
  sapi_startup(module);
  // sapi_startup() clears them.
  module->ini_entries = ini_entries.data();
  module->ini_defaults = set_ini_defaults;
  if (!options.ini_path.empty()) {
    module->php_ini_path_override = const_cast<char*>(options.ini_path.c_str());
  }
  auto functions = options.functions ? FunctionSet::kAll : FunctionSet::kFpmOnly;
  if (php_module_startup(module, server_module(functions)) == FAILURE) return false;
  sapi_module.default_post_reader = module->default_post_reader;
#ifdef ZEND_SIGNALS
  // Do not re-register nine signal handlers for each request.
  SIGG(reset) = 0;
#endif
  install_environment_hooks();
  prepare_user_ini();
  install_interrupt_hook();
  install_interrupt_handler();
  // As PHP-FPM: a peer that closes its socket must not end the worker.
  std::signal(SIGPIPE, SIG_IGN);
  return true;
}

void stop_engine() {
  php_module_shutdown();
  sapi_shutdown();
#ifdef ZTS
  tsrm_shutdown();
#endif
}

std::string_view engine_version() {
#ifdef ZTS
  return PHP_VERSION " ZTS";
#else
  return PHP_VERSION " NTS";
#endif
}

void enter_engine() {
#ifdef ZTS
  ts_resource(0);
  ZEND_TSRMLS_CACHE_UPDATE();
#else
#if PHP_VERSION_ID >= 80300
  php_child_init();
#endif
#endif
}

void leave_engine() {
#ifdef ZTS
  delete_execution_timer();
  ts_free_thread();
#endif
}

}  // namespace howdah::php

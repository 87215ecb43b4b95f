// howdah-php: the worker program. Started by howdah; see src/php/README.md.

#include <cstdio>
#include <string>

#include "php/engine.h"
#include "php/environment.h"
#include "php/host.h"
#include "php/process_title.h"
#include "php/settings_report.h"

int main(int argc, char** argv) {
  using namespace howdah::php;
  Options options;
  std::string error;
  if (!parse_options(argc, argv, options, error)) {
    std::fprintf(stderr, "howdah-php: %s\n", error.c_str());
    return 2;
  }
  if (options.version) {
    std::string php(engine_version());
    std::printf("howdah-php %s (PHP %s)\n", HOWDAH_VERSION, php.c_str());
    return 0;
  }
  prepare_process_title(argc, argv);
  drop_secrets();
  overrule_environment(options.worker_script.environment);
  return options.settings ? report_settings(options) : host_main(options);
}

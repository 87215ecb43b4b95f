#pragma once

// What is unwise about PHP's settings: rules over plain values, no file and no process.
//
// A rule speaks when a setting costs speed, safety or requests for sure; what is a matter of taste
// has none. `howdah serve DIR` is for development, where messages and re-reading files are wanted:
// rules for production are silent there.

#include <string>
#include <vector>

#include "app/advice/php_facts.h"
#include "app/advice/site_size.h"
#include "app/config/config.h"

namespace howdah::app {

struct Advice {
  std::string setting;
  std::string value;
  std::string why;
  std::string remedy;

  // "opcache.enable=0: why; remedy"
  std::string text() const { return setting + "=" + value + ": " + why + "; " + remedy; }
};

std::vector<Advice> advise(const Config& config, const PhpFacts& php, const SiteSize& site);

// Whether OPcache keeps scripts, and whether it compiles them to machine code.
bool opcache_on(const PhpFacts& php);
bool jit_on(const PhpFacts& php);

}  // namespace howdah::app

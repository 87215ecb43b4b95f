#pragma once

// The access log: one line for each request, in the form of the contract's section 8.

#include "base/log.h"
#include "serve/observer.h"

namespace howdah::ops {

// Thread-safe. `log` outlives it and lets info lines through: ACCESS_LOG, not LOG_LEVEL, decides
// about the access log.
class AccessLog {
 public:
  explicit AccessLog(const base::Logger& log) : log_(log) {}
  void write(const serve::ExchangeReport& report) const;

 private:
  const base::Logger& log_;
};

}  // namespace howdah::ops

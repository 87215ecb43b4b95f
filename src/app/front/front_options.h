#pragma once

// The settings of the front's parts, out of those of the server.

#include "app/config/config.h"
#include "app/parent/sockets.h"
#include "pool/pool.h"
#include "serve/options.h"
#include "serve/rate_limiter.h"

namespace howdah::app {

serve::ServeOptions serve_options(const Config& config, const Sockets& sockets);
serve::RateLimits rate_limits(const Config& config);
// Of the pool with this number (pools.h).
pool::PoolOptions pool_options(const Config& config, uint32_t number);

}  // namespace howdah::app

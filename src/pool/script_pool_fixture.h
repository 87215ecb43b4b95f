#pragma once

// A pool of worker scripts: two of them, or one that forks.

#include <string>
#include <utility>

#include "pool/pool_fixture.h"

namespace howdah::pool {

inline constexpr int kMaxFailures = 3;

inline PoolOptions script_options() {
  return {.workers = 2,
          .queue_capacity = 4,
          .root = "",
          .script = "/site/worker.php",
          .max_boot_failures = kMaxFailures};
}

struct ScriptPool : PoolTest {
  explicit ScriptPool(PoolOptions options = script_options()) : PoolTest(std::move(options)) {}
  void SetUp() override { forget_shared(kind); }
  void begin() {
    pool.start([this] { ready = true; }, [this](std::string why) { failure = std::move(why); });
  }
  void start() {
    begin();
    run_until([this] { return ready; });
  }
  std::string failure;
};

struct ScriptPoolOfForks : ScriptPool {
  static PoolOptions options() {
    PoolOptions options = script_options();
    options.workers = 1;
    options.forks = true;
    return options;
  }
  ScriptPoolOfForks() : ScriptPool(options()) {}
};

}  // namespace howdah::pool

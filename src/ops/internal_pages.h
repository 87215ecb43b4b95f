#pragma once

// What the internal server says: paths to answers, without sockets.

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "ops/metrics.h"
#include "pool/status.h"

namespace howdah::ops {

enum class Phase {
  kStarting,  // no worker has been ready yet
  kServing,
  kDraining,  // accepts nothing more
};

std::string_view name_of(Phase phase);

struct Page {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body;
};

// Thread-safe as far as its sources are. Lives in the front, outlived by what it reads.
class InternalPages {
 public:
  struct Sources {
    const Metrics& metrics;
    const std::atomic<Phase>& phase;
    base::Nanos started;  // monotonic
    std::function<pool::PoolStatus()> pool;
    std::function<std::vector<pool::WorkerStatus>()> workers;
    std::function<uint64_t()> log_lines_dropped;
    std::string config;  // the answer of /config
  };
  explicit InternalPages(Sources sources) : sources_(std::move(sources)) {}

  // `method` GET or HEAD, else 405; `target` in origin form, its query is ignored; unknown = 404.
  Page get(std::string_view method, std::string_view target) const;
  // What `howdah status` prints: health and workers in one JSON object.
  std::string status() const;

 private:
  Page health() const;
  Page ready() const;
  Page startup() const;
  Page metrics() const;
  std::string workers() const;

  const Sources sources_;
};

}  // namespace howdah::ops

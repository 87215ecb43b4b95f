#pragma once

// What the internal server says: paths to answers, without sockets.

#include <atomic>
#include <functional>
#include <optional>
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

// What a POST can ask for.
enum class Order {
  kReload,   // /reload: settings are read again, new workers take over
  kRestart,  // /workers/restart: new workers take over, with the settings in use
};
// By the whole target of a request; its page answers POST alone.
std::optional<Order> order_at(std::string_view target);

struct Page {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body;
};

// What a POST needs (internal_access.h).
struct InternalAccess {
  std::string token;    // empty = none is asked for
  std::string address;  // INTERNAL_ADDR
};

// Thread-safe as far as its sources are. Lives in the front, outlived by what it reads.
class InternalPages {
 public:
  struct Sources {
    const Metrics& metrics;
    const std::atomic<Phase>& phase;
    base::Nanos started;                     // monotonic
    std::function<pool::PoolStatus()> pool;  // the sum of all
    std::vector<std::string> pools;          // their names
    std::function<std::vector<pool::WorkerStatus>()> workers;
    std::function<uint64_t()> log_lines_dropped;
    // Has an order carried out; the function it gets is called, once, on a thread of its own
    // choice.
    std::function<void(Order, std::function<void(Page)>)> carry_out;
    std::string config;  // the answer of /config
    InternalAccess access;
  };
  explicit InternalPages(Sources sources) : sources_(std::move(sources)) {}

  // `method` GET or HEAD, else 405; `target` in origin form, its query is ignored; unknown = 404.
  Page get(std::string_view method, std::string_view target) const;
  // What `howdah status` prints: health and workers in one JSON object.
  std::string status() const;
  // What an order has come to: status 200 when it is done. `done` is called on any thread.
  void carry_out(Order order, std::function<void(Page)> done) const {
    sources_.carry_out(order, std::move(done));
  }
  const InternalAccess& access() const { return sources_.access; }
  // After a reload. Not beside the other members.
  void use_config(std::string json, InternalAccess access) {
    sources_.config = std::move(json);
    sources_.access = std::move(access);
  }

 private:
  Page health() const;
  Page ready() const;
  Page startup() const;
  Page metrics() const;
  std::string workers() const;

  Sources sources_;
};

}  // namespace howdah::ops

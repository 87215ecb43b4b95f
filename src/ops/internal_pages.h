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
#include "ops/rate_window.h"
#include "ops/snapshot.h"
#include "pool/status.h"

namespace howdah::ops {

// What a POST can ask for.
enum class Order {
  kReload,   // /reload: settings are read again, new workers take over
  kRestart,  // /workers/restart: new workers take over, with the settings in use
};
// By the whole target of a request; its page answers POST alone.
std::optional<Order> order_at(std::string_view target);

// GET /workers?stack=1, whose answer waits for the workers.
bool wants_stacks(std::string_view method, std::string_view target);
using StacksDone = std::function<void(std::vector<pool::WorkerStack>)>;

struct Page {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body;
  std::string content_security_policy;  // empty = none
};

// What a POST needs (internal_access.h).
struct InternalAccess {
  std::string token;    // empty = none is asked for
  std::string address;  // INTERNAL_ADDR
};

// Used by the internal server's thread alone; its sources are made for that. Lives in the front,
// outlived by what it reads.
class InternalPages {
 public:
  struct Sources {
    const Metrics& metrics;
    const std::atomic<Phase>& phase;
    base::Nanos started;  // monotonic
    std::function<std::vector<pool::PoolStatus>()> pools;
    std::function<std::vector<pool::WorkerStatus>()> workers;
    // Where their scripts are; the function it gets is called, once and soon, on any thread.
    std::function<void(StacksDone)> stacks;
    std::function<uint64_t()> spool_bytes;
    std::function<uint64_t()> log_lines_dropped;
    // Nothing: clients are counted by this server alone.
    std::function<std::optional<serve::RateStoreStatus>()> rate_store = [] { return std::nullopt; };
    std::function<SpanCounts()> spans;
    // Has an order carried out; the function it gets is called, once, on a thread of its own
    // choice.
    std::function<void(Order, std::function<void(Page)>)> carry_out;
    std::string config;  // the answer of /config
    InternalAccess access;
  };
  explicit InternalPages(Sources sources)
      : sources_(std::move(sources)), window_(sources_.started) {}

  // `method` GET or HEAD, else 405; `target` in origin form, its query is ignored; unknown = 404.
  Page get(std::string_view method, std::string_view target);
  // snapshot_json() of now: an event of the feed, and what `howdah status` shows.
  std::string status() { return snapshot_json(take()); }
  // For wants_stacks(): where the scripts are, then the page.
  void gather_stacks(StacksDone done) const { sources_.stacks(std::move(done)); }
  Page workers_with(const std::vector<pool::WorkerStack>& stacks) const;
  // What an order has come to: status 200 when it is done. `done` is called on any thread.
  void carry_out(Order order, std::function<void(Page)> done) const {
    sources_.carry_out(order, std::move(done));
  }
  const InternalAccess& access() const { return sources_.access; }
  // After a reload.
  void use_config(std::string json, InternalAccess access) {
    sources_.config = std::move(json);
    sources_.access = std::move(access);
  }

 private:
  Page health() const;
  Page ready() const;
  Page startup() const;
  Snapshot take();

  Sources sources_;
  RateWindow window_;
};

}  // namespace howdah::ops

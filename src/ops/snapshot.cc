#include "ops/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/process_info.h"

namespace howdah::ops {
namespace {

using Json = nlohmann::ordered_json;
using pool::WorkerPhase;

// To the microsecond, as numbers are read.
double seconds(base::Nanos nanos) {
  return static_cast<double>(nanos / base::kMicrosecond) / 1'000'000;
}

// Words of clients and names of files may hold any byte.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json json_of(const WorkerSnapshot& worker) {
  const pool::WorkerStatus& status = worker.status;
  Json request = nullptr;
  if (!status.request.empty()) request = status.request;
  return {{"pool", status.pool},         {"worker", status.worker},
          {"pid", status.pid},           {"state", name_of(status.phase)},
          {"request", request},          {"elapsed", seconds(status.busy_for)},
          {"requests", status.requests}, {"memory", worker.memory},
          {"restarts", status.restarts}};
}

Json json_of(const std::vector<WorkerSnapshot>& workers) {
  Json all = Json::array();
  for (const WorkerSnapshot& worker : workers) all.push_back(json_of(worker));
  return all;
}

void add_stack(Json& worker, const std::vector<pool::WorkerStack>& stacks) {
  auto found = std::ranges::find_if(stacks, [&](const pool::WorkerStack& each) {
    return worker["worker"] == each.worker && worker["pool"] == each.pool;
  });
  const bool known = found != stacks.end();
  const bool waits = known && !found->stack.waiting_in.empty();
  worker["waiting_in"] = waits ? Json(found->stack.waiting_in) : Json(nullptr);
  worker["stack"] = known ? Json(found->stack.frames) : Json(nullptr);
}

Json json_of(const std::vector<RecentRequest>& requests) {
  Json all = Json::array();
  for (const RecentRequest& request : requests) {
    all.push_back({{"time", seconds(request.ended)},
                   {"method", word(request.method)},
                   {"path", word(request.path)},
                   {"status", request.status},
                   {"duration", seconds(request.duration)},
                   {"php", seconds(request.php_time)},
                   {"worker", request.worker},
                   {"request_id", word(request.request_id)},
                   {"reason", request.reason}});
  }
  return all;
}

template <class T>
Json by_class(const std::array<T, kStatusClasses>& values) {
  Json json = Json::object();
  for (size_t i = 0; i < kStatusClasses; ++i) json[fmt::format("{}xx", i + 1)] = values[i];
  return json;
}

Json json_of(const Rates& rates) {
  return {{"seconds", rates.seconds},
          {"requests", rates.requests},
          {"received_bytes", rates.received_bytes},
          {"sent_bytes", rates.sent_bytes},
          {"responses", by_class(rates.responses)}};
}

Json json_of(const Latency& latency) {
  auto value = [&](base::Nanos nanos) {
    return latency.requests > 0 ? Json(seconds(nanos)) : Json(nullptr);
  };
  return {{"seconds", latency.seconds},
          {"requests", latency.requests},
          {"p50", value(latency.p50)},
          {"p90", value(latency.p90)},
          {"p99", value(latency.p99)}};
}

// Threads have the memory of their process together.
uint64_t memory_of(const std::vector<WorkerSnapshot>& workers, std::string_view pool) {
  uint64_t bytes = 0;
  std::set<int> counted;
  for (const WorkerSnapshot& worker : workers) {
    if (worker.status.pool == pool && counted.insert(worker.status.pid).second) {
      bytes += worker.memory;
    }
  }
  return bytes;
}

Json pools_json(const Snapshot& snapshot) {
  Json all = Json::array();
  for (const pool::PoolStatus& pool : snapshot.pools) {
    all.push_back({{"name", pool.name},
                   {"ready", pool.ready},
                   {"workers", pool.live_workers},
                   {"running", pool.running},
                   {"waiting", pool.waiting},
                   {"queue_capacity", pool.queue_capacity},
                   {"memory", memory_of(snapshot.workers, pool.name)},
                   {"restarts", pool.restarts.all()},
                   {"generation", pool.generation}});
  }
  return all;
}

}  // namespace

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::kStarting:
      return "starting";
    case Phase::kServing:
      return "serving";
    case Phase::kDraining:
      return "draining";
  }
  return "starting";
}

std::string_view name_of(WorkerPhase phase) {
  switch (phase) {
    case WorkerPhase::kStarting:
      return "starting";
    case WorkerPhase::kIdle:
      return "idle";
    case WorkerPhase::kBusy:
      return "busy";
    case WorkerPhase::kBackground:
      return "background";
    case WorkerPhase::kDead:
      return "dead";
  }
  return "dead";
}

std::vector<WorkerSnapshot> with_memory(std::vector<pool::WorkerStatus> workers) {
  std::map<int, uint64_t> memory;  // by process
  std::vector<WorkerSnapshot> all;
  for (pool::WorkerStatus& worker : workers) {
    auto [found, is_new] = memory.try_emplace(worker.pid, 0);
    if (is_new && worker.pid != 0) found->second = base::own_memory(worker.pid);
    all.push_back({std::move(worker), found->second});
  }
  return all;
}

std::string workers_json(const std::vector<WorkerSnapshot>& workers,
                         const std::vector<pool::WorkerStack>* stacks) {
  Json all = json_of(workers);
  if (stacks != nullptr) {
    for (Json& worker : all) add_stack(worker, *stacks);
  }
  return dump({{"workers", std::move(all)}});
}

std::string snapshot_json(const Snapshot& snapshot) {
  const Totals& totals = snapshot.totals;
  const pool::PoolStatus& pool = snapshot.pool;
  return dump({{"version", HOWDAH_VERSION},
               {"state", name_of(snapshot.phase)},
               {"time", seconds(snapshot.taken)},
               {"uptime", seconds(snapshot.uptime)},
               {"php", pool.php_version},
               {"mode", pool.threads ? "thread" : "process"},
               {"host_pid", pool.host_pid},
               {"active_connections", totals.active_connections()},
               {"total_requests", totals.all_requests},
               {"waiting", pool.waiting},
               {"running", pool.running},
               {"queue_capacity", pool.queue_capacity},
               {"dropped", totals.dropped},
               {"timeouts", totals.timeouts + pool.abandoned_timeouts},
               {"received_bytes", totals.received_bytes},
               {"sent_bytes", totals.sent_bytes},
               {"spool_bytes", snapshot.spool_bytes},
               {"log_lines_dropped", snapshot.log_lines_dropped},
               {"restarts", pool.restarts.all()},
               {"responses", by_class(totals.responses)},
               {"rates", json_of(snapshot.rates)},
               {"latency", json_of(snapshot.latency)},
               {"load", snapshot.machine.load},
               {"memory_total", snapshot.machine.memory_total},
               {"memory_available", snapshot.machine.memory_available},
               {"pools", pools_json(snapshot)},
               {"workers", json_of(snapshot.workers)},
               {"errors", json_of(snapshot.failed)},
               {"slow", json_of(snapshot.slow)}});
}

}  // namespace howdah::ops

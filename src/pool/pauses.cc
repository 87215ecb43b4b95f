// Worker mode: what scripts do between two requests and after their last one. Nobody waits for it,
// so that nobody's time is up; it has a limit of its own. On the primary loop.

#include <utility>

#include "pool/pool.h"

namespace howdah::pool {

// Its script has had a request, or waited for one, and now does neither.
bool Pool::pauses(const Host& host, uint32_t number) const {
  const Worker& worker = host.generation->workers()[number];
  if (worker.state != WorkerState::kAlive || !worker.seat || worker.boots_since != 0) return false;
  // Snapshot mode: between two processes it has none.
  if (options_of(host).forks && worker.told.process == 0) return false;
  return !host.generation->channel().sleeping(number);
}

void Pool::watch_pauses(Host& host, base::Nanos now) {
  const base::Nanos limit = options_of(host).pause_limit;
  std::vector<uint32_t> late;
  {
    std::lock_guard lock(mutex_);
    const std::vector<bool> holders = host.generation->holders();
    for (uint32_t number = 0; number < host.generation->worker_count(); ++number) {
      Worker& worker = host.generation->workers()[number];
      const bool paused = pauses(host, number) && !holders[number];
      // After another request it is another pause.
      const bool same =
          std::exchange(worker.requests_before_pause, worker.requests) == worker.requests;
      if (!paused || !same || worker.pauses_since == 0) {
        worker.pauses_since = paused ? now : 0;
        // It hung, and went on.
        if (!host.kills && worker.killed == Killed::kPauseTime) worker.killed = Killed::kNotByUs;
      }
      const bool over = limit != 0 && paused && now >= worker.pauses_since + limit;
      if (over && worker.killed == Killed::kNotByUs) late.push_back(number);
    }
  }
  for (uint32_t number : late) {
    if (host.kills) {
      kill(host, number, host.generation->workers()[number].incarnation, Killed::kPauseTime);
    } else {
      give_up_pause(host, number);
    }
  }
}

// A thread of the host: see renew_if_stuck().
void Pool::give_up_pause(Host& host, uint32_t number) {
  log_.log(base::LogType::kApp, base::LogLevel::kError, "worker script does not ask for requests",
           {},
           {{"script", options_of(host).script},
            {"worker", uint64_t{number}},
            {"pid", int64_t{host.pid}},
            {"cause",
             "its thread has not come to its next request in REQUEST_TIMEOUT and cannot be "
             "killed: a new host takes over"}});
  std::lock_guard lock(mutex_);
  host.generation->workers()[number].killed = Killed::kPauseTime;
  ++counts_.restarts[Restart::kTimeout];
}

}  // namespace howdah::pool

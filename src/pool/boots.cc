// Worker mode: when a worker is ready, what it tells of its script, and boots that fail. On the
// primary loop.

#include <algorithm>

#include "base/exit_status.h"
#include "pool/pool.h"

namespace howdah::pool {

namespace {

std::string describe_long_boot(base::Nanos limit) {
  return "has not come to frankenphp_handle_request() after " +
         std::to_string(limit / base::kSecond) + " s";
}

std::string describe_boot_failure(int wait_status, const std::string& reason) {
  const bool by_itself =
      WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == channel::kExitBootFailed;
  std::string text = "it ended before its first frankenphp_handle_request()";
  if (!by_itself) text.append(", ").append(base::describe_exit(wait_status));
  return reason.empty() ? text : text.append(": ").append(reason);
}

}  // namespace

void Pool::read_reports(Host& host) {
  bool any = false;
  for (uint32_t number = 0; number < host.generation->worker_count(); ++number) {
    any |= read_report(host, number);
  }
  if (any) on_worker_ready(host);  // may end it
}

bool Pool::read_report(Host& host, uint32_t number) {
  Worker& worker = host.generation->workers()[number];
  if (!worker.seat) return false;
  const channel::WorkerSays says = worker.seat->report();
  const channel::WorkerSays before = std::exchange(worker.told, says);
  const uint32_t restarts =
      std::min(says.script_restarts - before.script_restarts, kMostScriptRestarts);
  const bool ready = says.waited && worker.state == WorkerState::kBooting;
  if (says.waited) {
    worker.boots_since = 0;
    // It hung, and went on.
    if (!host.kills && worker.killed == Killed::kBootTime) worker.killed = Killed::kNotByUs;
  } else if (worker.boots_since == 0) {
    worker.boots_since = base::monotonic_now();  // it serves on as soon as it has begun again
  }
  if (restarts == 0 && !ready) return false;
  std::lock_guard lock(mutex_);
  counts_.restarts[Restart::kScript] += restarts;
  restarts_[number] += restarts;
  if (!ready) return false;
  worker.boot_failures = 0;
  host.generation->set_state(number, WorkerState::kAlive);
  return true;
}

base::Nanos Pool::count_boot_failure(Worker& worker) {
  const auto earlier = static_cast<base::Nanos>(worker.boot_failures++);
  const base::Nanos most = kLongestBootBackoff / kBootBackoffStep;
  return earlier * earlier > most ? kLongestBootBackoff : earlier * earlier * kBootBackoffStep;
}

void Pool::log_failed_boot(Host& host, uint32_t number, const std::string& why) {
  const base::Nanos now = base::monotonic_now();
  const bool known = why == last_boot_failure_ && now - boot_failure_logged_at_ < kBootLogInterval;
  if (!known) boot_failure_logged_at_ = now;
  last_boot_failure_ = why;
  const Worker& worker = host.generation->workers()[number];
  log_.log(base::LogType::kApp, known ? base::LogLevel::kDebug : base::LogLevel::kError,
           "worker script failed to boot", {},
           {{"script", options_of(host).script},
            {"worker", uint64_t{number}},
            {"pid", int64_t{worker.pid}},
            {"cause", why},
            {"in_a_row", uint64_t{worker.boot_failures} + 1}});
}

std::string Pool::why_boot_failed(Host& host, uint32_t number, const Death& death) const {
  if (host.generation->workers()[number].killed == Killed::kBootTime) {
    return "it " + describe_long_boot(options_of(host).boot_limit);
  }
  return describe_boot_failure(death.wait_status, death.reason);
}

bool Pool::is_last_boot(Host& host, uint32_t number, const Death& death) {
  const uint32_t failures = host.generation->workers()[number].boot_failures;
  const auto most = options_of(host).max_boot_failures;
  const bool may_fail = on_failed_ || &host == next_.get();
  if (!may_fail || !most || failures <= *most) return false;
  std::string why = "worker script " + options_of(host).script + " failed to boot " +
                    std::to_string(failures) + (failures == 1 ? " time" : " times in a row") +
                    ": " + why_boot_failed(host, number, death);
  if (&host != next_.get()) {
    fail_start(why);
    return true;
  }
  host.failure = why;
  drop_next(why);
  return true;
}

void Pool::fail_start(const std::string& why) {
  start_failed_ = true;
  std::exchange(on_failed_, nullptr)(why);
}

// A script that hangs before its loop would keep the server between start and failure for ever.
void Pool::limit_start(base::Nanos now) {
  if (now < host_->started_at + options_.boot_limit) return;
  fail_start("worker script " + options_.script + " " + describe_long_boot(options_.boot_limit));
}

// Its death is that of a boot that has failed: log, count and back-off go with it.
void Pool::limit_boots(Host& host, base::Nanos now) {
  const PoolOptions& options = options_of(host);
  auto boots = [](const Worker& worker) {
    return worker.seat && worker.pid != 0 && worker.boots_since != 0 &&
           worker.killed == Killed::kNotByUs;
  };
  auto late = [&](const Worker& worker) {
    return boots(worker) && now >= worker.boots_since + options.boot_limit;
  };
  std::vector<Worker>& workers = host.generation->workers();
  if (std::ranges::none_of(workers, late)) return;
  for (uint32_t number = 0; number < workers.size(); ++number) {
    Worker& worker = workers[number];
    // In snapshot mode all workers have one boot.
    if (options.forks ? !boots(worker) : !late(worker)) continue;
    if (host.kills) {
      kill(host, number, worker.incarnation, Killed::kBootTime);
    } else {
      give_up_boot(host, number);
    }
  }
}

// A thread of the host: see renew_if_stuck().
void Pool::give_up_boot(Host& host, uint32_t number) {
  log_failed_boot(host, number,
                  "its thread " + describe_long_boot(options_of(host).boot_limit) +
                      " and cannot be killed: a new host takes over");
  std::lock_guard lock(mutex_);
  host.generation->workers()[number].killed = Killed::kBootTime;
  ++counts_.restarts[Restart::kBoot];
}

bool Pool::is_last_start(const Host& ended) {
  const auto most = options_.max_boot_failures;
  const bool last = on_failed_ && ended.ready && most && failed_generations_ > *most;
  if (!last) return false;
  fail_start("worker script " + options_.script + " failed to boot: its host ended " +
             std::to_string(failed_generations_) + " times in a row");
  return true;
}

}  // namespace howdah::pool

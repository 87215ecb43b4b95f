// The parent's part in WORKER_WATCH and --watch: it holds the process that watches, and has done
// what a change asks for.

#include <algorithm>
#include <utility>

#include "app/parent/supervisor.h"
#include "app/watch/plan_of.h"
#include "base/exit_status.h"
#include "serve/live_reload.h"

namespace howdah::app {

// Again when the settings want other files to be watched.
void Supervisor::begin_watching() {
  WatchPlan plan = watch_plan(config());
  if (plan == watched_ && watch_.pid() != 0) return;
  watch_.stop();
  watch_due_ = 0;
  watched_ = std::move(plan);
  if (watched_.empty()) return;
  auto process = WatchProcess::start(watched_, config().run_as, parts_.title);
  if (process) {
    watch_ = std::move(*process);
    return;
  }
  parts_.log.error("files are not watched: " + process.error().message());
  watch_due_ = base::monotonic_now() + kWatchRetry;
}

void Supervisor::on_watcher_exit(int status) {
  watch_.stop();
  parts_.log.error("the watcher ended: " + base::describe_exit(status));
  watch_due_ = base::monotonic_now() + kWatchRetry;
}

// Takes one report; false when there is none.
bool Supervisor::on_watch_report() {
  auto report = watch_.receive();
  if (!report) return false;
  if (report->kind == WatchReport::Kind::kNotice) {
    parts_.log.info(report->text);
    return true;
  }
  if (state_ != State::kServing) return true;
  const bool code = report->change == Change::kCode;
  parts_.log.info(code ? "files have changed: new workers" : "files have changed",
                  {{"first", report->text}, {"changes", uint64_t{report->files}}});
  // With --watch there are more sets than scripts.
  const size_t scripts = std::min(config().worker_scripts.size(), kLastSet);
  const bool of_site = config().watch && report->sets >> scripts != 0;
  if (code && of_site) {
    want_reload();
  } else if (code) {
    changed_scripts_ |= report->sets;
    restart_changed_scripts();
  } else {
    auto news =
        report->change == Change::kStyles ? serve::BrowserNews::kStyles : serve::BrowserNews::kPage;
    tell_front({.type = LinkType::kTellBrowsers, .status = static_cast<int32_t>(news)});
  }
  return true;
}

void Supervisor::restart_changed_scripts() {
  if (changed_scripts_ == 0 || !front_ready_) return;
  tell_front({.type = LinkType::kRestartScripts, .scripts = std::exchange(changed_scripts_, 0)});
}

}  // namespace howdah::app

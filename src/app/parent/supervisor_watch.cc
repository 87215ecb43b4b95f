// The parent's part in WORKER_WATCH and --watch: it holds the process that watches, and has done
// what a change asks for.

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
  if (watched_.sets.empty()) return;
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
  if (code) {
    want_reload();
  } else {
    auto news =
        report->change == Change::kStyles ? serve::BrowserNews::kStyles : serve::BrowserNews::kPage;
    tell_front({.type = LinkType::kTellBrowsers, .status = static_cast<int32_t>(news)});
  }
  return true;
}

}  // namespace howdah::app

// The parent's part in tracing: it holds the process that exports spans.

#include <algorithm>
#include <utility>

#include "app/parent/supervisor.h"
#include "app/traces/export_loop.h"
#include "base/exit_status.h"

namespace howdah::app {

void Supervisor::begin_exporting() {
  exporter_due_ = 0;
  if (parts_.spans == nullptr) return;
  auto process =
      ExportProcess::start(config(), *parts_.spans, parts_.log_fd, parts_.lost_lines, parts_.title);
  if (process) {
    exporter_ = std::move(*process);
    return;
  }
  parts_.log.error("spans are not exported: " + process.error().message());
  exporter_due_ = base::monotonic_now() + kExporterRetry;
}

// As long as the drain may last, and no longer than the process would take by itself.
void Supervisor::finish_exporting() {
  exporter_due_ = 0;
  if (exporter_.pid() == 0) return;
  exporter_.finish();
  base::Nanos by = base::monotonic_now() + kFlushLimit + base::kSecond;
  exporter_kill_at_ = drain_by_ == 0 ? by : std::min(by, drain_by_);
  drain_by_ = 0;  // it was about the front, which has ended
}

void Supervisor::on_exporter_exit(int status) {
  exporter_.forget();
  exporter_kill_at_ = 0;
  if (state_ != State::kServing) return;
  parts_.log.error("the exporter of spans ended: " + base::describe_exit(status));
  exporter_due_ = base::monotonic_now() + kExporterRetry;
}

}  // namespace howdah::app

// Process mode, WORKER_MODE=snapshot: workers are lanes, which forks of a template serve one after
// the other.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/unix_socket.h"
#include "channel/control.h"
#include "php/child_process.h"
#include "php/engine.h"
#include "php/host_stderr.h"
#include "php/process_title.h"
#include "php/snapshot_template.h"
#include "php/worker.h"
#include "php/worker_set.h"

namespace howdah::php {
namespace {

// A lane changes hands between two looks at it; not so often in a row.
constexpr int kKillTries = 1000;

}  // namespace

base::Status WorkerSet::start_lane(Worker& record, SpawnOrder order) {
  auto pipe = make_line_pipe();
  if (!pipe) return base::fail(pipe.error());
  record.output = LinePipe(std::move(pipe->read_end));
  auto status = snapshot_->add({.number = order.worker,
                                .incarnation = order.incarnation,
                                .responses = std::move(order.responses),
                                .body_socket = std::move(order.body_socket),
                                .output = std::move(pipe->write_end)});
  if (!status) return status;
  if (snapshot_->has_template()) return {};
  status = start_template();
  if (!status) snapshot_->remove(order.worker, order.incarnation);
  return status;
}

base::Status WorkerSet::start_template() {
  auto pipe = make_line_pipe();
  if (!pipe) return base::fail(pipe.error());
  auto orders = base::make_seqpacket_pair();
  if (!orders) return base::fail(orders.error());
  const int host = ::getpid();
  // Before there is somebody to set it.
  snapshot_->table().parked.store(0);
  template_note()->ready.store(WorkerNote::kNone);
  pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno("fork");
  if (pid > 0) {
    ::setpgid(pid, pid);
    auto record = std::make_unique<Worker>();
    record->number = channel::kNoWorker;
    record->pid = pid;
    record->output = LinePipe(std::move(pipe->read_end));
    workers_.push_back(std::move(record));
    orders->second.reset();
    template_started_ = base::monotonic_now();
    return snapshot_->template_started(std::move(orders->first));
  }

  settle_child_process(host, pipe->write_end.get());
  pipe->write_end.reset();
  pipe->read_end.reset();
  orders->first.reset();
  link_.abandon();
  workers_.clear();
  snapshot_->become_template();
  ::close(signals_);
  set_process_title("howdah-php: template");

  enter_engine();
  SnapshotTemplate snapshot({.table = snapshot_->table(),
                             .regions = regions_,
                             .notes = notes(),
                             .orders = std::move(orders->second),
                             .wanted = snapshot_->wanted_event(),
                             .host = host,
                             .ready = static_cast<uint32_t>(script_->snapshot_ready)});
  static RequestState state;
  state.workers = regions_.requests().worker_limit;
  state.note = template_note();
  state.run.script = script_;
  state.run.snapshot = &snapshot;
  WorkerEnd end = run_worker(state, 0);
  stop_engine();
  ::_exit(WEXITSTATUS(wait_status_of(end)));
}

void WorkerSet::template_ended(Worker& record, int status) {
  record.output.drain([&](std::string_view line) { report_line(record, line); });
  std::erase_if(workers_, [&](const auto& each) { return each.get() == &record; });
  const bool booted = snapshot_->parked();
  snapshot_->template_ended();
  if (finishing_) return;
  if (booted) {
    link_.send({.type = channel::ControlType::kLine},
               "snapshot mode: the template has ended, a new one starts");
    if (start_template()) return;
    status = 0;
  }
  failed_boot_ = status;
  end_idle_lanes(status);
}

bool WorkerSet::end_idle_lane(Worker& record, int status) {
  if (!snapshot_->withdraw(record.number, record.incarnation)) return false;
  report_exit(record, status);
  return true;
}

// The front starts them again when it thinks fit, and with the first of them a new template.
void WorkerSet::end_idle_lanes(int status) {
  for (size_t i = workers_.size(); i-- > 0;) {
    if (workers_[i]->number != channel::kNoWorker) end_idle_lane(*workers_[i], status);
  }
}

void WorkerSet::fork_ended(int pid, int status) {
  auto owned = std::ranges::find_if(workers_, [&](const auto& each) {
    return each->number != channel::kNoWorker &&
           snapshot_->last_owner(each->number, each->incarnation) == pid;
  });
  if (owned != workers_.end()) report_exit(**owned, status);
  snapshot_->reaped(pid);
  if (!snapshot_->has_template() && !finishing_) end_idle_lanes(failed_boot_);
  if (finishing_) finish();
}

void WorkerSet::kill_lane(Worker& record) {
  // What hangs is the boot, which is all lanes': they end when the template is reaped.
  const int template_pid = process_of(record);
  const bool idle = snapshot_->owner(record.number, record.incarnation) == 0;
  if (idle && template_pid > 0 && template_boots()) return kill_with_children(template_pid);
  for (int i = 0; i < kKillTries; ++i) {
    if (end_idle_lane(record, SIGKILL)) return;
    if (int pid = snapshot_->owner(record.number, record.incarnation); pid > 0) {
      return kill_with_children(pid);
    }
  }
}

void WorkerSet::limit_template(base::Nanos now) {
  if (!template_boots() || now < template_started_ + kTemplateLimit) return;
  auto found = std::ranges::find_if(
      workers_, [](const auto& each) { return each->number == channel::kNoWorker; });
  if (found == workers_.end()) return;
  report_line(**found, "snapshot mode: " + script_->path +
                           " has not come to its first request after " +
                           std::to_string(kTemplateLimit / base::kSecond) + " s and is killed");
  kill_with_children((*found)->pid);
  template_started_ = now;  // once, until it is reaped
}

}  // namespace howdah::php

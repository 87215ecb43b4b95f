// Process mode: a worker is a fork of the host.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "channel/control.h"
#include "php/child_process.h"
#include "php/engine.h"
#include "php/host_stderr.h"
#include "php/process_title.h"
#include "php/worker.h"
#include "php/worker_set.h"

namespace howdah::php {
namespace {

constexpr int kExitNoChannel = 71;

}  // namespace

base::Status WorkerSet::prepare() { return {}; }

base::Status WorkerSet::start(Worker& record, SpawnOrder order) {
  if (snapshot_) return start_lane(record, std::move(order));
  auto pipe = make_line_pipe();
  if (!pipe) return base::fail(pipe.error());
  const int host = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno("fork");
  if (pid > 0) {
    // Also from here: either of the two may be first.
    ::setpgid(pid, pid);
    record.pid = pid;
    record.output = LinePipe(std::move(pipe->read_end));
    return {};
  }

  settle_child_process(host, pipe->write_end.get());
  pipe->write_end.reset();
  pipe->read_end.reset();
  link_.abandon();
  workers_.clear();
  ::close(signals_);
  char title[48];
  std::snprintf(title, sizeof title, "howdah-php: worker %u", order.worker);
  set_process_title(title);

  enter_engine();
  auto attached =
      channel::WorkerChannel::attach(regions_, order.worker, order.incarnation,
                                     std::move(order.responses), std::move(order.body_socket));
  if (!attached) {
    std::fprintf(stderr, "worker: %s\n", attached.error().message().c_str());
    ::_exit(kExitNoChannel);
  }
  static RequestState state;
  state.channel = attached->get();
  state.note = note_of(order.worker);
  state.worker = order.worker;
  state.workers = regions_.requests().worker_limit;
  state.run.script = script_;
  WorkerEnd end = run_worker(state, order.requests);
  stop_engine();
  ::_exit(WEXITSTATUS(wait_status_of(end)));
}

void WorkerSet::signal_worker(const Worker& record) {
  int pid = snapshot_ ? snapshot_->owner(record.number, record.incarnation) : record.pid;
  if (pid > 0) ::kill(pid, SIGRTMIN + 4);
}

void WorkerSet::with_place(const Worker& record,
                           const std::function<void(const ScriptPlace&)>& use) {
  // A fork of this process has everything where this one has it.
  ScriptPlace place = own_script_place();
  place.pid = snapshot_ ? snapshot_->owner(record.number, record.incarnation) : record.pid;
  place.tid = place.pid;
  if (place.pid > 0) use(place);
}

void WorkerSet::kill_worker(Worker& record) {
  if (record.pid > 0) kill_with_children(record.pid);
}

void WorkerSet::kill_all() {
  for (auto& record : workers_) kill_worker(*record);
}

void WorkerSet::reap() {
  for (;;) {
    siginfo_t info{};
    // The zombie is left for a moment: as long as it is there, its process group cannot be
    // another's.
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0) return;
    auto found =
        std::ranges::find_if(workers_, [&](const auto& each) { return each->pid == info.si_pid; });
    const bool known = found != workers_.end();
    if (known || snapshot_) kill_with_children(info.si_pid);
    int status = 0;
    ::waitpid(info.si_pid, &status, 0);
    if (snapshot_) {
      known ? template_ended(**found, status) : fork_ended(info.si_pid, status);
    } else if (known) {
      report_exit(**found, status);
    }
  }
}

}  // namespace howdah::php

#include "app/watch/watch_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <tuple>
#include <utility>

#include "app/parent/identity.h"
#include "app/watch/watch_loop.h"
#include "base/unix_socket.h"

namespace howdah::app {
namespace {

// Where the child has its only descriptor beside the standard ones.
constexpr int kSocket = STDERR_FILENO + 1;

// In the child. The parent's signals stay blocked: its end is what ends this process.
[[noreturn]] void become_watcher(const WatchPlan& plan, const std::optional<Identity>& identity,
                                 int socket, pid_t parent_pid) {
  std::ignore = ::prctl(PR_SET_NAME, "howdah-watch");
  if (socket != kSocket) ::dup2(socket, kSocket);
  ::close_range(kSocket + 1, ~0U, 0);
  bool as_wanted = become(identity, std::nullopt).has_value();
  hide_memory();
  if (!as_wanted || !end_with_parent(parent_pid, SIGKILL)) ::_exit(1);
  WatchLoop(plan, kSocket).run();
  ::_exit(0);
}

}  // namespace

base::Result<WatchProcess> WatchProcess::start(const WatchPlan& plan,
                                               const std::optional<Identity>& identity,
                                               ProcessTitle& title) {
  auto pair = base::make_seqpacket_pair();
  if (!pair) return base::fail(pair.error());
  pid_t parent_pid = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno("fork");
  if (pid == 0) {
    title.set("howdah: watcher");
    become_watcher(plan, identity, pair->second.get(), parent_pid);
  }
  WatchProcess process;
  process.pid_ = pid;
  process.socket_ = std::move(pair->first);
  std::ignore = base::set_nonblocking(process.socket_.get());
  return process;
}

void WatchProcess::stop() {
  if (pid_ != 0) ::kill(pid_, SIGKILL);
  pid_ = 0;
  socket_.reset();
}

std::optional<WatchReport> WatchProcess::receive() {
  if (!socket_) return std::nullopt;
  auto report = receive_report(socket_.get());
  if (report) return std::move(*report);
  // The process is gone: SIGCHLD tells the rest.
  if (report.error().sys_errno != EAGAIN) socket_.reset();
  return std::nullopt;
}

}  // namespace howdah::app

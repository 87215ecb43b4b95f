#include "app/parent/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>

#include "app/config/worker_scripts.h"
#include "app/front/front.h"
#include "app/parent/log_file.h"
#include "app/parent/session.h"
#include "base/exit_status.h"

namespace howdah::app {
namespace {

base::UniqueFd take_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD}) ::sigaddset(&set, number);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) < 0) base::die("sigprocmask");
  base::UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) base::die("signalfd");
  return fd;
}

// The earlier of two points in time, 0 = never.
base::Nanos earlier(base::Nanos a, base::Nanos b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

bool is_due(base::Nanos when, base::Nanos now) { return when != 0 && when <= now; }

}  // namespace

Supervisor::Supervisor(Parts parts) : parts_(parts), signals_(take_signals()) {}

int Supervisor::run() {
  start_front();
  // After the fork, so that the front holds no copy of the host's control socket.
  prestart_hosts();
  begin_watching();
  if (parts_.notifier.alive_interval() != 0) ping_at_ = base::monotonic_now();
  begin_exporting();
  if (parts_.settings.tls().in_use()) look_at_tls_ = base::monotonic_now() + TlsKeys::kLookInterval;
  while (state_ != State::kEnding || !hosts_.empty() || exporter_.pid() != 0) {
    base::Nanos now = base::monotonic_now();
    if (is_due(give_up_by_, now)) {
      give_up_waiting();
      break;
    }
    on_deadlines(now);
    wait(now);
  }
  return exit_status_;
}

void Supervisor::wait(base::Nanos now) {
  base::Nanos due = next_deadline();
  int timeout = -1;
  if (due != 0) {
    base::Nanos rest = std::clamp<base::Nanos>(due - now, 0, base::kSecond * 3600);
    timeout = static_cast<int>((rest + base::kMillisecond - 1) / base::kMillisecond);
  }
  pollfd sources[] = {
      {signals_.get(), POLLIN, 0}, {link_.get(), POLLIN, 0}, {watch_.fd(), POLLIN, 0}};
  if (::poll(sources, std::size(sources), timeout) <= 0) return;
  // What the front said before it died comes first.
  if (sources[1].revents != 0) on_front_message();
  if (sources[2].revents != 0) {
    while (on_watch_report()) continue;
  }
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    on_signal(static_cast<int>(info.ssi_signo));
  }
}

void Supervisor::on_signal(int number) {
  switch (number) {
    case SIGTERM:
    case SIGINT:
      if (state_ == State::kServing) return begin_drain();
      parts_.log.warn("second signal: ending now");
      return end_now();
    case SIGHUP:
      return want_reload();
    case SIGUSR1:
      return reopen_log();
    case SIGCHLD:
      for (int status; pid_t pid = ::waitpid(-1, &status, WNOHANG);) {
        if (pid < 0) break;
        on_child(pid, status);
      }
      return;
    default:
      return;
  }
}

void Supervisor::on_child(pid_t pid, int status) {
  if (pid == front_) return on_front_exit(status);
  if (pid == watch_.pid()) return on_watcher_exit(status);
  if (pid == exporter_.pid()) return on_exporter_exit(status);
  auto host = std::ranges::find(hosts_, pid, &Host::pid);
  if (host == hosts_.end()) return;
  hosts_.erase(host);
  // It could not clean up: what its workers have started may still run.
  if (WIFSIGNALED(status)) kill_session(pid);
  // The front says more about it: it knows what the host was doing.
  parts_.log.debug("worker host ended: " + base::describe_exit(status), {{"pid", int64_t{pid}}});
  auto not_given = [&](const Prestarted& prestarted) { return prestarted.host.pid == pid; };
  if (std::erase_if(prestarted_, not_given) > 0) {
    // The front does not know it; the next host shows it what is wrong.
    parts_.log.debug("a host ended before it was asked for: " + base::describe_exit(status));
    return;
  }
  tell_front({.type = LinkType::kHostExited, .pid = pid, .status = status});
}

void Supervisor::on_front_exit(int status) {
  base::Nanos now = base::monotonic_now();
  front_ = 0;
  while (on_front_message()) continue;  // what it said last
  link_.reset();
  front_ready_ = false;
  pinged_ = false;
  reload_ticket_ = 0;
  end_reload(1);
  orphan_hosts();
  if (state_ != State::kServing) finish_exporting();
  if (state_ == State::kCutting) return end_now();
  if (state_ != State::kServing) return await_hosts(now + kOrphanGrace);
  parts_.log.error("front ended: " + base::describe_exit(status));
  parts_.notifier.status("The front has ended, another one starts");
  bool at_birth = now - front_started_ < kBirthTime;
  birth_failures_ = at_birth ? birth_failures_ + 1 : 0;
  if (!was_ready_ && birth_failures_ >= kBirthFailures) {
    parts_.log.error("the front cannot start: giving up");
    exit_status_ = 1;
    finish_exporting();
    return await_hosts(now + kOrphanGrace);
  }
  base::Nanos delay = 0;
  if (birth_failures_ > 1) {
    delay = std::min(kFirstBackOff << std::min(birth_failures_ - 2, 8), kLongestBackOff);
  }
  front_due_ = now + delay;
}

void Supervisor::orphan_hosts() {
  prestarted_.clear();
  wanted_hosts_.clear();
  host_due_ = 0;
  // Each sees the end of its control socket and ends by itself.
  base::Nanos kill_at = base::monotonic_now() + kOrphanGrace;
  for (Host& host : hosts_) {
    if (host.kill_at == 0) host.kill_at = kill_at;
  }
}

bool Supervisor::on_front_message() {
  if (!link_) return false;
  auto received = receive_link(link_.get());
  if (!received) {
    if (received.error().sys_errno != EAGAIN) link_.reset();  // SIGCHLD tells the rest
    return false;
  }
  switch (received->message.type) {
    case LinkType::kStartHost:
      give_host(
          {.pool = received->message.pool,
           .generation = received->message.generation,
           .settings = received->message.status == 0 ? HostSettings::kInUse : HostSettings::kNext});
      break;
    case LinkType::kReady:
      was_ready_ = front_ready_ = true;
      if (state_ == State::kServing) parts_.notifier.ready("Serving");
      restart_changed_scripts();
      begin_reload();
      break;
    case LinkType::kWantReload:
      reload_ticket_ = received->message.ticket;
      want_reload();
      break;
    case LinkType::kReloadEnded:
      end_reload(received->message.status);
      break;
    case LinkType::kPong:
      pinged_ = false;
      parts_.notifier.alive();
      break;
    case LinkType::kCannotStart:
      // It has said why in the log and ends by itself.
      exit_status_ = 1;
      if (state_ == State::kServing) {
        state_ = State::kDraining;
        drain_by_ = base::monotonic_now() + kOrphanGrace;
      }
      break;
    default:
      break;
  }
  return true;
}

void Supervisor::on_deadlines(base::Nanos now) {
  if (is_due(front_due_, now)) {
    front_due_ = 0;
    start_front();
    prestart_hosts();
  }
  if (is_due(host_due_, now)) {
    host_due_ = 0;
    for (const WantedHost& wanted : std::exchange(wanted_hosts_, {})) give_host(wanted);
  }
  if (is_due(look_at_tls_, now)) {
    look_at_tls_ = now + TlsKeys::kLookInterval;
    if (parts_.settings.tls().look()) reload_tls();
  }
  if (is_due(watch_due_, now)) begin_watching();
  if (is_due(ping_at_, now)) ping_front(now);
  if (is_due(exporter_due_, now)) begin_exporting();
  if (is_due(exporter_kill_at_, now)) exporter_.stop();
  if (is_due(drain_by_, now)) {
    parts_.log.warn("DRAIN_TIMEOUT_SECS is over: ending now");
    cut(now);
  }
  if (is_due(end_by_, now)) end_now();
  for (Host& host : hosts_) {
    if (!is_due(host.kill_at, now)) continue;
    ::kill(host.pid, SIGKILL);
    host.kill_at = now + kOrphanGrace;
  }
}

base::Nanos Supervisor::next_deadline() const {
  base::Nanos due = earlier(earlier(front_due_, host_due_), earlier(drain_by_, give_up_by_));
  due = earlier(earlier(due, earlier(look_at_tls_, watch_due_)), earlier(ping_at_, end_by_));
  due = earlier(due, earlier(exporter_due_, exporter_kill_at_));
  for (const Host& host : hosts_) due = earlier(due, host.kill_at);
  return due;
}

void Supervisor::start_front() {
  auto pair = base::make_seqpacket_pair();
  pid_t parent_pid = ::getpid();
  pid_t pid = pair ? ::fork() : -1;
  if (pid < 0) {
    parts_.log.error(std::string("cannot fork the front: ") + ::strerror(errno));
    front_due_ = base::monotonic_now() + kLongestBackOff;
    return;
  }
  if (pid == 0) {
    pair->first.reset();
    signals_.reset();
    watch_.close();
    exporter_.close();
    parts_.title.set("howdah: front");
    // The signals stay blocked: the parent is asked to end, and tells the front to drain.
    ::_exit(front_main({.config = config(),
                        .sockets = parts_.sockets,
                        .link = std::move(pair->second),
                        .tls = base::UniqueFd(parts_.settings.tls().packet()),
                        .log_fd = parts_.log_fd,
                        .lost_lines = parts_.lost_lines,
                        .spans = parts_.spans,
                        .parent_pid = parent_pid}));
  }
  front_ = pid;
  front_started_ = base::monotonic_now();
  link_ = std::move(pair->first);
  std::ignore = base::set_nonblocking(link_.get());
}

base::Result<HostProcess> Supervisor::new_host(const Config& config, uint32_t pool) {
  auto host = start_host(config, pool, parts_.descriptor_limit);
  if (host) {
    hosts_.push_back({.pid = host->pid});
  } else {
    parts_.log.error("cannot start a host: " + host.error().message());
  }
  return host;
}

void Supervisor::prestart_hosts() {
  if (front_ == 0) return;
  for (uint32_t pool : pool_numbers(config())) {
    auto host = new_host(config(), pool);
    if (host) prestarted_.push_back({.pool = pool, .host = std::move(*host)});
  }
}

HostProcess Supervisor::take_prestarted(uint32_t pool) {
  auto found = std::ranges::find(prestarted_, pool, &Prestarted::pool);
  if (found == prestarted_.end()) return {};
  HostProcess host = std::move(found->host);
  prestarted_.erase(found);
  return host;
}

void Supervisor::give_host(WantedHost wanted) {
  if (state_ == State::kEnding || front_ == 0) return;
  const bool next = wanted.settings == HostSettings::kNext;
  if (next && !reloading_) return;
  const Config& settings = next ? parts_.settings.next_config() : config();
  if (wanted.pool > settings.worker_scripts.size()) return;  // a front is not believed
  HostProcess host;
  if (!next) host = take_prestarted(wanted.pool);
  if (!host.control) {
    auto made = new_host(settings, wanted.pool);
    if (!made) {
      wanted_hosts_.push_back(wanted);
      host_due_ = base::monotonic_now() + kHostRetry;
      return;
    }
    host = std::move(*made);
  }
  int fds[] = {host.control.get()};
  tell_front({.type = LinkType::kHostStarted,
              .pool = wanted.pool,
              .generation = wanted.generation,
              .pid = host.pid},
             fds);
}

bool Supervisor::tell_front(const LinkMessage& message, std::span<const int> fds,
                            std::string_view text) {
  if (!link_) return false;
  auto sent = send_link(link_.get(), message, fds, text);
  // A front that does not read for so long hangs; what was said is lost with it.
  if (!sent) parts_.log.error("cannot tell the front: " + sent.error().message());
  return sent.has_value();
}

void Supervisor::begin_drain() {
  parts_.log.info("draining");
  parts_.notifier.stopping("Finishing what was begun");
  state_ = State::kDraining;
  watch_.stop();
  watch_due_ = 0;
  // The front closes its own: only then does the kernel refuse connections.
  close_listeners(parts_.sockets);
  if (front_ == 0) {
    front_due_ = 0;
    return end_now();
  }
  const auto& limit = config().drain_timeout;
  const base::Nanos now = base::monotonic_now();
  if (limit && *limit == 0) return cut(now);
  if (limit) drain_by_ = now + *limit;
  tell_front({.type = LinkType::kDrain});
}

void Supervisor::cut(base::Nanos now) {
  state_ = State::kCutting;
  drain_by_ = 0;
  end_by_ = now + kCutLimit;
  tell_front({.type = LinkType::kCut});
}

void Supervisor::ping_front(base::Nanos now) {
  ping_at_ = now + parts_.notifier.alive_interval();
  // One that does not answer gets no more of them: silence is what the watchdog waits for.
  if (front_ != 0 && !pinged_) pinged_ = tell_front({.type = LinkType::kPing});
}

void Supervisor::end_now() {
  watch_.stop();
  watch_due_ = 0;
  exporter_due_ = 0;
  exporter_.stop();
  drain_by_ = end_by_ = 0;
  front_due_ = 0;
  const base::Nanos kill_at = base::monotonic_now() + base::kSecond;
  await_hosts(kill_at);
  if (front_ != 0) {
    state_ = State::kDraining;  // until it is reaped
    ::kill(front_, SIGKILL);
  }
  for (Host& host : hosts_) {
    // SIGTERM lets a host kill what its workers have started.
    ::kill(host.pid, SIGTERM);
    host.kill_at = kill_at;
  }
}

void Supervisor::await_hosts(base::Nanos killed_by) {
  state_ = State::kEnding;
  if (give_up_by_ == 0) give_up_by_ = killed_by + kReapLimit;
}

void Supervisor::give_up_waiting() {
  if (front_ != 0) {
    parts_.log.error("the front does not end: it is left behind", {{"pid", int64_t{front_}}});
  }
  for (const Host& host : hosts_) {
    parts_.log.error("a worker host does not end: it is left behind", {{"pid", int64_t{host.pid}}});
  }
}

void Supervisor::reopen_log() {
  auto fd = open_log(config());
  if (!fd) return parts_.log.error("cannot reopen LOG_FILE: " + fd.error().message());
  ::dup3(fd->get(), parts_.log_fd, O_CLOEXEC);
  int fds[] = {fd->get()};
  tell_front({.type = LinkType::kNewLog}, fds);
  exporter_.use_log(fd->get());
}

void Supervisor::reload_tls() {
  auto loaded = parts_.settings.tls().load();
  if (!loaded) {
    for (const TlsProblem& problem : loaded.error()) {
      parts_.log.error(
          fmt::format("the certificates in use stay: {} {}", problem.setting, problem.what));
    }
    return;
  }
  for (const std::string& warning : *loaded) parts_.log.warn(warning);
  int fds[] = {parts_.settings.tls().packet()};
  tell_front({.type = LinkType::kNewTls}, fds);
  parts_.log.info("new certificates are in use", {{"files", config().tls_cert}});
}

}  // namespace howdah::app

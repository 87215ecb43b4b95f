#include "php/host.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <ranges>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "channel/control.h"
#include "php/engine.h"
#include "php/front_link.h"
#include "php/host_stderr.h"
#include "php/opcache_restarts.h"
#include "php/opcache_scripts.h"
#include "php/process_title.h"
#include "php/script_environment.h"
#include "php/server_variables.h"
#include "php/snapshot_request.h"
#include "php/thread_hosts.h"
#include "php/worker_set.h"

namespace howdah::php {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr size_t kSpareDescriptors = 4;  // more than come with one message

// Signals the host takes through a descriptor. SIGTERM is also what it gets when its parent dies.
sigset_t host_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

// A session of its own (Ctrl-C at the terminal must not reach workers), and the end when the parent
// ends. False when the parent has gone already.
bool settle_process(const Options& options) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  return options.parent_pid == 0 || ::getppid() == options.parent_pid;
}

// While PHP starts: if it ends the process (OPcache does when preloading fails), the front still
// hears why.
struct StartGuard {
  FrontLink* link;
  HostStderr* errors;
  pid_t pid;  // OPcache preloads in a child when there is a preload_user; its exit() is no failure
};
StartGuard* start_guard = nullptr;

void report_failed_start() {
  if (start_guard == nullptr || start_guard->pid != ::getpid()) return;
  std::string text = "PHP did not start";
  start_guard->errors->drain([&](std::string_view line) { text.append("; ").append(line); });
  start_guard->link->send_now({.type = channel::ControlType::kFailed}, text);
  start_guard = nullptr;
}

class Host {
 public:
  Host(const Options& options, FrontLink& link, HostStderr& errors)
      : options_(options), link_(link), errors_(errors) {}

  // Up to kReady. False: the front has been told why.
  bool start();
  int run();

 private:
  bool fail(std::string_view text) {
    link_.send_now({.type = channel::ControlType::kFailed}, text);
    return false;
  }
  bool take_hello();
  void warm();
  const WorkerScript* script() const {
    return options_.worker_script.path.empty() ? nullptr : &options_.worker_script;
  }
  channel::WorkerKind worker_kind() const {
    if (!kThreaded) return channel::WorkerKind::kProcess;
    return options_.hosts > 1 ? channel::WorkerKind::kThreadOfProcess
                              : channel::WorkerKind::kThread;
  }
  base::Status block_signals();
  base::Status make_workers();
  base::Status run_workers_here();
  // In a process that this one has forked (ThreadHosts::RunHost).
  int run_forked(base::UniqueFd mother);
  void handle(channel::ControlMessage& message);
  void spawn(channel::ControlMessage& message);
  void take_signals();
  void forward_lines();
  void ask_for_renewal();

  const Options& options_;
  FrontLink& link_;
  HostStderr& errors_;
  base::UniqueFd signals_;
  int renewal_event_ = -1;
  // Scripts share the limit with threads: a new worker's descriptors must have room.
  base::SpareDescriptors spares_{kThreaded ? kSpareDescriptors : 0};
  std::unique_ptr<channel::SharedRegions> regions_;
  std::unique_ptr<Workers> workers_;
  // To compile ahead, and the roots that they were and are below.
  base::UniqueFd scripts_;
  std::string old_root_, new_root_;
  bool finishing_ = false;
  bool ending_ = false;
};

bool Host::take_hello() {
  channel::ControlMessage hello;
  auto received = link_.receive_blocking(hello);
  if (!received) return fail("howdah-php: " + received.error().message());
  if (!*received) return false;
  std::vector<std::string> lines;
  for (auto line : hello.text() | std::views::split('\n')) {
    lines.emplace_back(std::string_view(line.begin(), line.end()));
  }
  lines.resize(3);
  if (hello.header.type != channel::ControlType::kHello ||
      hello.header.version != channel::kLayoutVersion || lines[0] != channel::build_id()) {
    return fail("howdah (" + lines[0] + ") and howdah-php (" + std::string(channel::build_id()) +
                ") are of different versions");
  }
  if (hello.fds.size() < 2) return fail("howdah-php: hello without its descriptors");
  if (hello.header.status == 1) {
    scripts_ = std::move(hello.fds.back());
    hello.fds.pop_back();
    old_root_ = std::move(lines[1]);
    new_root_ = std::move(lines[2]);
  }
  std::vector<base::UniqueFd> events;
  for (size_t i = 2; i < hello.fds.size(); ++i) events.push_back(std::move(hello.fds[i]));
  auto regions = channel::SharedRegions::attach(std::move(hello.fds[0]), std::move(hello.fds[1]),
                                                std::move(events));
  if (!regions) return fail("howdah-php: " + regions.error().message());
  regions_ = std::move(*regions);
  return true;
}

void Host::warm() {
  if (!scripts_) return;
  warm_scripts(scripts_.get(), {old_root_, new_root_}, link_);
  scripts_.reset();
}

base::Status Host::block_signals() {
  sigset_t signals = host_signals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signals_ = base::UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return base::fail_errno("signalfd");
  return {};
}

base::Status Host::make_workers() {
  if constexpr (kThreaded) {
    if (worker_kind() == channel::WorkerKind::kThreadOfProcess) {
      if (auto status = block_signals(); !status) return status;
      workers_ = std::make_unique<ThreadHosts>(
          options_.hosts, link_, signals_.get(),
          [this](base::UniqueFd mother) { return run_forked(std::move(mother)); });
      return {};
    }
  }
  return run_workers_here();
}

base::Status Host::run_workers_here() {
  if (auto status = block_signals(); !status) return status;
  auto workers = WorkerSet::create(*regions_, link_, signals_.get(), script());
  if (!workers) return base::fail(workers.error());
  workers_ = std::move(*workers);
  return {};
}

int Host::run_forked(base::UniqueFd mother) {
  FrontLink link(std::move(mother));
  HostStderr errors;  // the mother reads what this process writes
  Host host(options_, link, errors);
  host.regions_ = std::move(regions_);
  if (!link.prepare() || !host.run_workers_here()) return kExitFailed;
  return host.run();
}

bool Host::start() {
  if (!take_hello()) return false;
  const bool snapshot = options_.worker_script.mode == WorkerMode::kSnapshot;
  if (snapshot && kThreaded) return fail("WORKER_MODE=snapshot needs a PHP without ZTS");
  if (auto status = errors_.capture(); !status) return fail(status.error().message());
  StartGuard guard{&link_, &errors_, ::getpid()};
  start_guard = &guard;
  std::atexit(report_failed_start);
  if (snapshot) ask_for_huge_pages();
  if (!start_engine(options_)) {
    report_failed_start();
    return false;
  }
  start_guard = nullptr;
  if (snapshot) forget_huge_pages();
  warm();  // while a full pipe does not hold up what PHP says
  errors_.started();

  if (kThreaded || script() != nullptr) {
    if (auto status = prevent_opcache_restarts(); !status) return fail(status.error().message());
    renewal_event_ = renewal_event();
  }
  if (script() != nullptr) announce_worker_mode(*script());
#ifdef ZTS
  keep_environments_apart();
#endif
  if (auto status = make_workers(); !status) {
    return fail("howdah-php: " + status.error().message());
  }

  std::string text(channel::build_id());
  text.append("\n").append(engine_version());
  link_.send({.type = channel::ControlType::kReady,
              .pid = ::getpid(),
              .status = static_cast<int32_t>(worker_kind())},
             text);
  return true;
}

void Host::spawn(channel::ControlMessage& message) {
  if (message.fds.size() != 2) return;
  workers_->spawn({.worker = message.header.worker,
                   .incarnation = message.header.incarnation,
                   .requests = message.header.requests,
                   .responses = std::move(message.fds[0]),
                   .body_socket = std::move(message.fds[1])});
}

void Host::handle(channel::ControlMessage& message) {
  const channel::ControlHeader& header = message.header;
  switch (header.type) {
    case channel::ControlType::kSpawn:
      spawn(message);
      break;
    case channel::ControlType::kInterrupt:
      workers_->interrupt(header.worker, header.incarnation);
      break;
    case channel::ControlType::kLook:
      workers_->look(header.worker, header.incarnation, header.ticket);
      break;
    case channel::ControlType::kKill:
      workers_->kill(header.worker, header.incarnation, header.status * base::kSecond);
      break;
    case channel::ControlType::kFinish:
      finishing_ = true;
      workers_->finish();
      break;
    case channel::ControlType::kListScripts:
      if (message.fds.size() == 1) list_scripts(message.fds[0].get(), link_);
      break;
    default:
      break;
  }
}

void Host::take_signals() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo != SIGCHLD) ending_ = true;
  }
  workers_->reap();
}

void Host::forward_lines() {
  errors_.read_some([this](std::string_view line) {
    link_.send({.type = channel::ControlType::kLine, .worker = channel::kNoWorker}, line);
  });
}

void Host::ask_for_renewal() {
  Renewal wanted = take_wanted_renewal();
  if (wanted == Renewal::kNone) return;
  link_.send({.type = channel::ControlType::kRenewalWanted,
              .status = wanted == Renewal::kNeeded ? channel::kTakesNoMore : 0});
}

int Host::run() {
  enum { kControl, kSignals, kErrors, kThreads, kRenewal, kFixed };
  std::vector<pollfd> polled;
  channel::ControlMessage message;
  while (!ending_ && !(finishing_ && workers_->done())) {
    polled.assign(kFixed, {-1, 0, 0});
    polled[kControl] = {link_.fd(), POLLIN, 0};
    polled[kSignals] = {signals_.get(), POLLIN, 0};
    polled[kThreads] = {workers_->ended_event(), POLLIN, 0};
    polled[kRenewal] = {renewal_event_, POLLIN, 0};
    if (link_.congested()) {
      // The front does not keep up: leave the lines in their pipes, where they hold their writers.
      polled[kControl].events |= POLLOUT;
    } else {
      polled[kErrors] = {errors_.fd(), POLLIN, 0};
      workers_->add_pipes(polled);
    }
    if (::poll(polled.data(), polled.size(), workers_->time_interval()) < 0 && errno != EINTR)
      return kExitFailed;

    if ((polled[kControl].revents & POLLOUT) != 0) link_.flush();
    if (polled[kSignals].revents != 0) take_signals();
    // First: the front must not replace workers that have ended because of it.
    if (polled[kRenewal].revents != 0) ask_for_renewal();
    if (polled[kThreads].revents != 0) workers_->reap();
    if (polled[kErrors].revents != 0) forward_lines();
    workers_->read_pipes(polled, kFixed);
    if (workers_->time_interval() >= 0) workers_->on_time(base::monotonic_now());
    if ((polled[kControl].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      spares_.release();
      auto received = link_.receive(message);
      if (received && *received) {
        handle(message);
      } else if (!received && received.error().sys_errno == EMFILE) {
        std::fprintf(stderr, "howdah-php: a message is lost: %s\n",
                     received.error().message().c_str());
      } else if (received || received.error().sys_errno != EAGAIN) {
        ending_ = true;
      }
      spares_.refill();
    }
  }
  if (ending_) workers_->kill_all();
  link_.flush();
  if (kThreaded && workers_->has_lost()) ::_exit(0);
  stop_engine();
  return 0;
}

}  // namespace

int host_main(const Options& options) {
  if (options.control_fd < 0) {
    std::fprintf(
        stderr,
        "howdah-php is started by howdah (it serves requests that howdah passes to it over "
        "--control-fd); run howdah instead\n");
    return kExitUsage;
  }
  if (!settle_process(options)) return kExitFailed;
  set_process_title("howdah-php: host");
  FrontLink link{base::UniqueFd(options.control_fd)};
  if (!link.prepare()) return kExitUsage;
  HostStderr errors;
  Host host(options, link, errors);
  if (!host.start()) return kExitFailed;
  return host.run();
}

}  // namespace howdah::php

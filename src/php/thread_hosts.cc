#include "php/thread_hosts.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <limits>

#include "base/unix_socket.h"
#include "php/child_process.h"
#include "php/host_stderr.h"
#include "php/process_title.h"

namespace howdah::php {

using channel::ControlMessage;
using channel::ControlType;

namespace {

// So that one process that says much does not keep the others waiting.
constexpr size_t kMessagesPerPass = 64;

// What the process has started goes with it.
void kill_group(int pid) {
  ::kill(-pid, SIGKILL);
  // A script can have moved it to another group.
  ::kill(pid, SIGKILL);
}

}  // namespace

// --- processes -----------------------------------------------------------------------------------

base::Result<ThreadHosts::ThreadHost*> ThreadHosts::host_for(uint32_t worker) {
  const uint32_t number = worker % count_;
  auto found = std::ranges::find_if(
      hosts_, [&](const auto& host) { return host->number == number && !host->leaving; });
  if (found != hosts_.end()) return found->get();
  return start_host(number);
}

base::Result<ThreadHosts::ThreadHost*> ThreadHosts::start_host(uint32_t number) {
  auto pipe = make_line_pipe();
  if (!pipe) return base::fail(pipe.error());
  auto pair = base::make_seqpacket_pair();
  if (!pair) return base::fail(pair.error());
  const int mother = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno("fork");
  if (pid > 0) {
    ::setpgid(pid, pid);
    hosts_.push_back(
        std::make_unique<ThreadHost>(ThreadHost{.number = number,
                                                .pid = pid,
                                                .link = FrontLink(std::move(pair->first)),
                                                .output = LinePipe(std::move(pipe->read_end)),
                                                .threads = {}}));
    hosts_.back()->link.prepare();
    return hosts_.back().get();
  }

  settle_child_process(mother, pipe->write_end.get());
  pipe->write_end.reset();
  pipe->read_end.reset();
  pair->first.reset();
  front_.abandon();
  hosts_.clear();
  ::close(signals_);
  char title[48];
  std::snprintf(title, sizeof title, "howdah-php: host %u", number);
  set_process_title(title);
  ::_exit(run_(std::move(pair->second)));
}

void ThreadHosts::reap() {
  for (;;) {
    siginfo_t info{};
    // The zombie is left for a moment: as long as it is there, its process group cannot be
    // another's.
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0) return;
    auto found =
        std::ranges::find_if(hosts_, [&](const auto& host) { return host->pid == info.si_pid; });
    if (found != hosts_.end()) kill_group(info.si_pid);
    int status = 0;
    ::waitpid(info.si_pid, &status, 0);
    if (found != hosts_.end()) bury(**found, status);
  }
}

void ThreadHosts::bury(ThreadHost& host, int status) {
  take_messages(host, std::numeric_limits<size_t>::max());
  host.output.drain([&](std::string_view line) { report_line(host, line); });
  for (const Thread& thread : host.threads) {
    report_exit(host, thread.worker, thread.incarnation, status);
  }
  std::erase_if(hosts_, [&](const auto& each) { return each.get() == &host; });
}

void ThreadHosts::kill_all() {
  for (const auto& host : hosts_) kill_group(host->pid);
}

// --- what the front wants ------------------------------------------------------------------------

void ThreadHosts::spawn(SpawnOrder order) {
  auto host = host_for(order.worker);
  if (!host) {
    front_.send({.type = ControlType::kLine, .worker = order.worker},
                "a host process could not be started: " + host.error().message());
    front_.send({.type = ControlType::kExited,
                 .worker = order.worker,
                 .incarnation = order.incarnation,
                 .status = kSpawnFailedStatus});
    return;
  }
  (*host)->threads.push_back({order.worker, order.incarnation});
  std::vector<base::UniqueFd> fds;
  fds.push_back(std::move(order.responses));
  fds.push_back(std::move(order.body_socket));
  (*host)->link.send({.type = ControlType::kSpawn,
                      .worker = order.worker,
                      .incarnation = order.incarnation,
                      .requests = order.requests},
                     {}, std::move(fds));
}

void ThreadHosts::interrupt(uint32_t worker, uint32_t incarnation) {
  if (ThreadHost* host = owner_of(worker, incarnation)) {
    host->link.send(
        {.type = ControlType::kInterrupt, .worker = worker, .incarnation = incarnation});
  }
}

void ThreadHosts::look(uint32_t worker, uint32_t incarnation, uint32_t ticket) {
  if (ThreadHost* host = owner_of(worker, incarnation)) {
    host->link.send({.type = ControlType::kLook,
                     .worker = worker,
                     .incarnation = incarnation,
                     .ticket = ticket});
  }
}

void ThreadHosts::kill(uint32_t worker, uint32_t incarnation, base::Nanos grace) {
  ThreadHost* host = owner_of(worker, incarnation);
  if (host == nullptr) return;
  host->find(worker, incarnation)->lost = true;
  if (grace == 0 || host->has_only_lost()) return kill_group(host->pid);
  if (host->leaving) return;
  host->leaving = true;
  host->kill_at = base::monotonic_now() + grace;
}

void ThreadHosts::finish() {
  for (const auto& host : hosts_) host->link.send({.type = ControlType::kFinish});
}

int ThreadHosts::time_interval() const {
  const bool any = std::ranges::any_of(hosts_, [](const auto& host) { return host->leaving; });
  return any ? kTimeIntervalMs : -1;
}

void ThreadHosts::on_time(base::Nanos now) {
  for (const auto& host : hosts_) {
    if (host->leaving && now >= host->kill_at) kill_group(host->pid);
  }
}

// --- what the processes say ----------------------------------------------------------------------

ThreadHosts::Thread* ThreadHosts::ThreadHost::find(uint32_t worker, uint32_t incarnation) {
  auto found = std::ranges::find_if(threads, [&](const Thread& thread) {
    return thread.worker == worker && thread.incarnation == incarnation;
  });
  return found == threads.end() ? nullptr : &*found;
}

bool ThreadHosts::ThreadHost::has_only_lost() const {
  return std::ranges::all_of(threads, [](const Thread& thread) { return thread.lost; });
}

ThreadHosts::ThreadHost* ThreadHosts::owner_of(uint32_t worker, uint32_t incarnation) const {
  for (const auto& host : hosts_) {
    if (host->find(worker, incarnation) != nullptr) return host.get();
  }
  return nullptr;
}

void ThreadHosts::add_pipes(std::vector<pollfd>& polled) const {
  for (const auto& host : hosts_) {
    const short events = host->link.congested() ? POLLIN | POLLOUT : POLLIN;
    polled.push_back({host->link.fd(), events, 0});
    polled.push_back({host->output.fd(), POLLIN, 0});
  }
}

void ThreadHosts::read_pipes(const std::vector<pollfd>& polled, size_t first) {
  for (size_t i = first; i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    // Processes may have been reaped since the array was made.
    auto found = std::ranges::find_if(hosts_, [&](const auto& host) {
      return host->link.fd() == polled[i].fd || host->output.fd() == polled[i].fd;
    });
    if (found == hosts_.end()) continue;
    ThreadHost& host = **found;
    if (polled[i].fd == host.link.fd()) {
      host.link.flush();
      if (take_messages(host, kMessagesPerPass)) continue;
      // Nobody could end its threads any more.
      host.link.abandon();
      kill_group(host.pid);
      continue;
    }
    auto forward = [&](std::string_view line) { report_line(host, line); };
    if (host.output.read_some(forward)) continue;
    host.output.drain(forward);
    host.output = LinePipe();
  }
}

bool ThreadHosts::take_messages(ThreadHost& host, size_t most) {
  for (; most > 0; --most) {
    auto received = host.link.receive(message_);
    if (!received && received.error().sys_errno == EAGAIN) return true;
    if (!received || !*received) return false;
    pass_on(host, message_);
  }
  return true;
}

// Of its own threads alone it may speak.
void ThreadHosts::pass_on(ThreadHost& host, const ControlMessage& message) {
  channel::ControlHeader header = message.header;
  if (host.find(header.worker, header.incarnation) == nullptr) return;
  header.pid = host.pid;
  front_.send(header, message.text());
  if (header.type != ControlType::kExited) return;
  std::erase_if(host.threads, [&](const Thread& thread) {
    return thread.worker == header.worker && thread.incarnation == header.incarnation;
  });
  if (!host.leaving) return;
  if (host.threads.empty()) {
    host.link.send({.type = ControlType::kFinish});
  } else if (host.has_only_lost()) {
    kill_group(host.pid);
  }
}

// One stderr for all of its threads: whose line it is can be told when there is one only.
void ThreadHosts::report_line(const ThreadHost& host, std::string_view line) {
  channel::ControlHeader header{.type = ControlType::kLine};
  if (host.threads.size() == 1) {
    header.worker = host.threads.front().worker;
    header.incarnation = host.threads.front().incarnation;
  }
  front_.send(header, line);
}

void ThreadHosts::report_exit(const ThreadHost& host, uint32_t worker, uint32_t incarnation,
                              int status) {
  front_.send({.type = ControlType::kExited,
               .worker = worker,
               .incarnation = incarnation,
               .pid = host.pid,
               .status = status});
}

}  // namespace howdah::php

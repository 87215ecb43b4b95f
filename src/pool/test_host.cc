#include "pool/test_host.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/unix_socket.h"
#include "channel/control.h"
#include "channel/worker_channel.h"

namespace howdah::pool {

using channel::ControlMessage;
using channel::ControlType;

Shared& shared = *static_cast<Shared*>(
    ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));

void forget_shared(channel::WorkerKind kind) {
  new (&shared) Shared();
  shared.kind = kind;
  shared.may_leave = true;
}

namespace {

// In a worker process: a second descriptor of its response region.
int region_of_this_worker = -1;

// The regions of this worker's host.
std::unique_ptr<channel::SharedRegions> regions;

// Changes the claim words of running requests as no honest worker does.
template <class Change>
void forge_words(Change change) {
  for (auto& [word] : regions->claims().slots) {
    channel::Claim claim = channel::Claim::unpack(word);
    if (claim.state != channel::SlotState::kRunning) continue;
    change(claim);
    word = channel::Claim::pack(claim);
  }
}

void scribble(std::string_view verb) {
  channel::ClaimsRegion& claims = regions->claims();
  if (verb == "scribble-own-ticket") {
    forge_words([](channel::Claim& claim) { claim.ticket ^= 0xFFFF; });
    for (;;) ::pause();
  } else if (verb == "scribble-own-name") {
    forge_words([](channel::Claim& claim) { claim.worker = 4000; });
    ::raise(SIGKILL);
  } else if (verb == "scribble-other-words") {
    for (auto& [word] : claims.slots) {
      if (word == 0) word = 0xDEADBEEF12345678;
    }
  } else if (verb == "scribble-pass-over") {
    // Waits for a request behind this one and passes it over.
    while (regions->requests().order_tail < claims.order_head + 1) ::usleep(100);
    claims.order_head = regions->requests().order_tail.load();
  }
}

// Writes frames as no honest worker does.
void forge_frames(uint32_t ticket, channel::FrameType type, int count) {
  auto controls = channel::map_region_prefix(region_of_this_worker, channel::kRingControls,
                                             channel::Access::kReadWrite);
  auto ring = channel::RingMapping::map(region_of_this_worker, channel::ring_offset(0),
                                        channel::kRingBytes);
  auto& control = *static_cast<channel::RingControl*>(controls->data());
  uint64_t written = control.written;
  for (int i = 0; i < count; ++i) {
    channel::FrameHeader header{ticket, static_cast<uint16_t>(type), 0, 1, 0};
    std::memcpy(ring->data() + written % channel::kRingBytes, &header, sizeof header);
    written += channel::frame_bytes(1);
  }
  control.written = written;
}

void lie_about_restarts() {
  auto controls = channel::map_region_prefix(region_of_this_worker, channel::kRingControls,
                                             channel::Access::kReadWrite);
  auto* report = reinterpret_cast<channel::WorkerReport*>(static_cast<char*>(controls->data()) +
                                                          channel::kReportOffset);
  report->script_restarts = 4'000'000'000;
  report->waited = 77;
}

// A position that no ring can have, told to the front; then waits for its death.
[[noreturn]] void break_ring() {
  auto controls = channel::map_region_prefix(region_of_this_worker, channel::kRingControls,
                                             channel::Access::kReadWrite);
  static_cast<channel::RingControl*>(controls->data())->written = uint64_t{1} << 60;
  regions->claims().news[0].words[0] = ~uint64_t{0};
  std::ignore = ::write(regions->loop_event(0), "", 1);
  for (;;) ::pause();
}

void boot() {
  ++shared.boots;
  while (shared.boot_waits) ::usleep(100);
  if (shared.boots_die) ::raise(SIGKILL);
  for (int left = shared.boots_fail; left > 0;) {
    if (shared.boots_fail.compare_exchange_weak(left, left - 1)) ::_exit(channel::kExitBootFailed);
  }
}

// What a test worker does with a request: the verb is the request's query string.
void act(channel::WorkerChannel& worker, const channel::Request& request) {
  std::string_view verb;
  channel::RequestView view = request.vars;
  channel::RequestView::Item item;
  while (view.next(item)) {
    if (item.var == channel::Var::kQueryString) verb = item.value;
  }
  if (verb == "die-unbegun") ::raise(SIGKILL);
  while (verb == "wait-unbegun" && !shared.may_begin) ::usleep(100);
  if (!worker.begin()) return;
  ++shared.begun;
  if (verb == "die") {
    ::signal(SIGSEGV, SIG_DFL);  // a sanitizer has a handler of its own
    ::raise(SIGSEGV);
  }
  if (verb == "exit-137") ::_exit(137);
  if (verb == "restart-script") worker.report_restart();
  if (verb == "be-process-4242") worker.report_process(4242);
  if (verb == "be-process-0") worker.report_process(0);
  if (verb == "be-no-process") worker.report_process(0xFFFFFFFF);
  if (verb == "lie-about-restarts") lie_about_restarts();
  if (verb == "break-ring") break_ring();
  if (verb == "forge-ticketless") forge_frames(0, channel::FrameType::kBody, 60);
  if (verb == "forge-stale") forge_frames(0xABCDEF, channel::FrameType::kBody, 60);
  if (verb == "forge-lines") forge_frames(0xABCDEF, channel::FrameType::kLog, 5000);
  channel::ResponseHeadEncoder head;
  head.begin(200);
  worker.head(head);
  if (verb.starts_with("hang")) worker.flush();
  if (verb == "hang") {
    while (!worker.cancelled() && !worker.client_gone()) ::usleep(1000);
  } else if (verb == "hang-beating") {
    worker.want_deadline(base::monotonic_now() + 3600 * base::kSecond);
    worker.flush();
    while (!worker.cancelled()) ::usleep(1000);
  } else if (verb == "release-unanswered") {
    worker.flush();
    forge_words([](channel::Claim& claim) { claim.state = channel::SlotState::kReleased; });
    for (;;) ::pause();
  } else if (verb == "hang-hard") {
    for (;;) ::pause();
  } else if (verb == "spin") {
    while (!shared.may_end) continue;
  } else if (verb == "linger") {
    worker.flush();
    while (!shared.may_end) ::usleep(100);
    worker.body("done");
  } else if (verb == "forge-finish") {
    forge_words([](channel::Claim& claim) { claim.state = channel::SlotState::kFinished; });
    for (;;) worker.body(std::string(1000, 'x'));
  } else if (verb.starts_with("finish")) {
    worker.body(std::string(verb == "finish-large" ? 200'000 : 4, 'x'));
    if (verb == "finish-large") worker.flush();
    worker.finish();
    while (!shared.may_end) ::usleep(100);
    if (verb == "finish-die") ::raise(SIGKILL);
  } else if (verb == "die-when-told") {
    worker.flush();
    while (!shared.may_end) ::usleep(100);
    ::raise(SIGKILL);
  } else if (verb == "unbegin") {
    worker.flush();
    while (!shared.seen) ::usleep(100);
    forge_words([](channel::Claim& claim) { claim.state = channel::SlotState::kClaimed; });
    ::raise(SIGKILL);
  } else if (verb.starts_with("scribble")) {
    scribble(verb);
  } else if (verb == "fatten") {
    static std::vector<char> memory;
    memory.assign(kFat, 'x');
    worker.body("done");
  } else if (verb == "medium") {
    worker.body(std::string(100'000, 'x'));
  } else if (verb == "large") {
    for (int i = 0; i < 1000; ++i) worker.body(std::string(1000, 'x'));
  } else if (verb == "die-after") {
    worker.body("last words");
    worker.end();
    ::raise(SIGKILL);
  } else {
    worker.body(verb);
  }
  const bool pauses = verb == "pause", begins_again = verb == "begin-again";
  worker.release();  // and with it the verb
  while (pauses && !shared.may_end) ::usleep(100);
  if (begins_again) {
    worker.report_restart();
    boot();
  }
}

const pid_t parent_of_test = ::getpid();

// The parent may be dead before the signal is asked for.
void die_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
}

void say_ready(int socket) {
  std::ignore = channel::send_control(socket,
                                      {.type = ControlType::kReady,
                                       .pid = ::getpid(),
                                       .status = static_cast<int32_t>(shared.kind.load())},
                                      std::string(channel::build_id()) + "\ntest");
}

}  // namespace

[[noreturn]] void run_host(int socket) {
  die_with(parent_of_test);
  ControlMessage message;
  std::map<pid_t, channel::ControlHeader> children;
  std::ignore = base::set_nonblocking(socket);
  bool finishing = false;
  for (;;) {
    auto got = channel::receive_control(socket, message);
    if (got && !*got) ::_exit(0);
    if (got && message.header.type == ControlType::kHello) {
      if (shared.cannot_start) {
        std::ignore = channel::send_control(socket, {.type = ControlType::kFailed}, "no php.ini");
        ::_exit(1);
      }
      std::vector<base::UniqueFd> events;
      for (size_t i = 2; i < message.fds.size(); ++i) events.push_back(std::move(message.fds[i]));
      regions = std::move(*channel::SharedRegions::attach(
          std::move(message.fds[0]), std::move(message.fds[1]), std::move(events)));
      say_ready(socket);
    } else if (got && message.header.type == ControlType::kSpawn) {
      channel::ControlHeader header = message.header;
      pid_t host = ::getpid();
      pid_t pid = ::fork();
      if (pid == 0) {
        die_with(host);
        region_of_this_worker = ::dup(message.fds[0].get());
        auto worker =
            channel::WorkerChannel::attach(*regions, header.worker, header.incarnation,
                                           std::move(message.fds[0]), std::move(message.fds[1]));
        boot();
        while (const channel::Request* request = (*worker)->next_request()) {
          act(**worker, *request);
          if (header.requests != 0 && --header.requests == 0) ::_exit(channel::kHadItsRequests);
        }
        ++shared.ends;
        while (!shared.may_leave) ::usleep(100);
        ::_exit(0);
      }
      header.type = ControlType::kSpawned;
      header.pid = shared.kind == channel::WorkerKind::kThreadOfProcess ? host : pid;
      children[pid] = header;
      std::ignore = channel::send_control(socket, header);
    } else if (got && message.header.type == ControlType::kFinish) {
      finishing = true;
    } else if (got && message.header.type == ControlType::kKill) {
      for (auto& [pid, header] : children) {
        bool meant = header.worker == message.header.worker &&
                     header.incarnation == message.header.incarnation;
        if (meant) ::kill(pid, SIGKILL);
      }
    }
    if (regions && shared.renewals > 0) {
      --shared.renewals;
      std::ignore = channel::send_control(socket, {.type = ControlType::kRenewalWanted});
    }
    if (regions && shared.readies > 0) {
      --shared.readies;
      say_ready(socket);
    }
    int status = 0;
    pid_t dead = ::waitpid(-1, &status, WNOHANG);
    if (dead > 0) {
      channel::ControlHeader header = children[dead];
      children.erase(dead);
      header.type = ControlType::kExited;
      header.pid = dead;
      header.status = status;
      std::ignore = channel::send_control(
          socket, header, WEXITSTATUS(status) == channel::kExitBootFailed ? "no database" : "");
    }
    if (finishing && children.empty()) ::_exit(0);
    if (!got && dead <= 0) ::usleep(200);
  }
}

}  // namespace howdah::pool

#include "php/snapshot_template.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/unix_socket.h"
#include "php/process_title.h"
#include "php/snapshot_lanes.h"

namespace howdah::php {
namespace {

constexpr int kExitNoParent = 70;
constexpr int kExitNoChannel = 71;
// After a fork that failed for want of memory or of processes.
constexpr int kRetryMs = 100;

// Where glibc keeps the thread's id, which raise() and abort() use; nullptr when the kernel does
// not tell.
void* thread_id_address() {
  void* address = nullptr;
  return ::prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) == 0 ? address : nullptr;
}

// A fork whose parent is this process's parent. fork() cannot do that, so what its handlers do is
// done here: there is no other thread, whose locks would have to be waited for, and the thread's id
// is set by the kernel. The pid is in `pid` before the child runs.
pid_t fork_sibling(std::atomic<uint32_t>& pid) {
  static void* const thread_id = thread_id_address();
  unsigned long flags = CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD;
  if (thread_id != nullptr) flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
#if defined(__x86_64__)
  return static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, &pid, thread_id, 0));
#else
  return static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, &pid, 0, thread_id));
#endif
}

}  // namespace

SnapshotTemplate::SnapshotTemplate(Surroundings surroundings)
    : table_(surroundings.table),
      regions_(surroundings.regions),
      notes_(surroundings.notes),
      orders_(std::move(surroundings.orders)),
      wanted_(surroundings.wanted),
      host_(surroundings.host),
      ready_(surroundings.ready) {
  descriptors_.note_own();
}

void SnapshotTemplate::inspect(std::string& refusal) { descriptors_.find(refusal); }

// False: the host wants no more forks.
bool SnapshotTemplate::take_order() {
  SnapshotLaneOrder order{};
  auto received =
      base::receive_message(orders_.get(), {reinterpret_cast<char*>(&order), sizeof order});
  if (!received || received->size == 0) return !received && received.error().sys_errno == EINTR;
  if (received->size != sizeof order || received->fds.size() != 3) return false;
  std::erase_if(lanes_, [&](const Lane& each) { return each.number == order.lane; });
  auto& fds = received->fds;
  lanes_.push_back({.number = order.lane,
                    .incarnation = order.incarnation,
                    .responses = std::move(fds[0]),
                    .body_socket = std::move(fds[1]),
                    .output = std::move(fds[2])});
  // Forks that wait do not have these descriptors.
  epoch_ = table_.epoch.fetch_add(1) + 1;
  table_.wake_all();
  return true;
}

SnapshotTemplate::Role SnapshotTemplate::park(void (*prepare)()) {
  // Without it forks are slower, no more.
  SnapshotPages::arrange();
  std::ignore = pages_.share();
  // A template before this one may have left spares, which serve on.
  table_.parked.store(1, std::memory_order_release);
  for (;;) {
    // The orders first: a fork knows those lanes only that its template knew.
    pollfd polled[] = {{orders_.get(), POLLIN, 0}, {wanted_, POLLIN, 0}};
    bool ordered = ::poll(polled, 1, 0) > 0;
    if (ordered) {
      if (!take_order()) return Role::kTemplate;
      continue;
    }
    if (!lanes_.empty() && fill_spares(prepare)) return Role::kFork;
    bool short_of_forks = false;
    for (uint32_t i = 0; !lanes_.empty() && i < ready_; ++i) {
      short_of_forks = short_of_forks || table_.spares[i].load() == 0;
    }
    ::poll(polled, 2, short_of_forks ? kRetryMs : -1);
    uint64_t count = 0;
    if (polled[1].revents != 0) std::ignore = ::read(wanted_, &count, sizeof count);
  }
}

bool SnapshotTemplate::fill_spares(void (*prepare)()) {
  for (uint32_t i = 0; i < ready_; ++i) {
    if (table_.spares[i].load(std::memory_order_acquire) != 0) continue;
    pid_t pid = fork_sibling(table_.spares[i]);
    if (pid == 0) return become_fork(i, prepare);
    if (pid < 0) {
      std::fprintf(stderr, "snapshot mode: a fork failed: %s\n", std::strerror(errno));
      return false;
    }
  }
  return false;
}

// What does not depend on the request is done here, ahead of it.
bool SnapshotTemplate::become_fork(uint32_t spare, void (*prepare)()) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != host_) ::_exit(kExitNoParent);
  orders_.reset();
  pages_.populate();
  descriptors_.cure();
  prepare();
  if (!wait_for_lane(spare)) ::_exit(0);
  return true;
}

bool SnapshotTemplate::wait_for_lane(uint32_t spare) {
  const auto pid = static_cast<uint32_t>(::getpid());
  for (;;) {
    uint32_t seen = table_.turn.load(std::memory_order_acquire);
    bool ending = table_.closing.load(std::memory_order_acquire) != 0 ||
                  table_.epoch.load(std::memory_order_acquire) != epoch_;
    for (size_t i = 0; !ending && lane_ == nullptr && i < lanes_.size(); ++i) {
      if (table_.take_lane(lanes_[i].number, lanes_[i].incarnation, pid)) lane_ = &lanes_[i];
    }
    if (lane_ != nullptr || ending) break;
    channel::futex_wait(table_.turn, seen);
  }
  table_.spares[spare].store(0, std::memory_order_release);
  uint64_t one = 1;
  std::ignore = ::write(wanted_, &one, sizeof one);
  if (lane_ == nullptr) return false;
  keep_lane(*lane_);
  return true;
}

// The other lanes' descriptors are none of this fork's business.
void SnapshotTemplate::keep_lane(Lane& lane) {
  ::dup2(lane.output.get(), STDOUT_FILENO);
  ::dup2(lane.output.get(), STDERR_FILENO);
  descriptors_.lead_output();
  for (Lane& each : lanes_) {
    each.output.reset();
    if (&each == &lane) continue;
    each.responses.reset();
    each.body_socket.reset();
  }
  ::close(wanted_);
  char title[48];
  std::snprintf(title, sizeof title, "howdah-php: worker %u (snapshot)", lane.number);
  set_process_title(title);
}

void SnapshotTemplate::attach(RequestState& state) {
  auto attached =
      channel::WorkerChannel::attach(regions_, lane_->number, lane_->incarnation,
                                     std::move(lane_->responses), std::move(lane_->body_socket));
  if (!attached) {
    std::fprintf(stderr, "worker: %s\n", attached.error().message().c_str());
    ::_exit(kExitNoChannel);
  }
  channel_ = std::move(*attached);
  channel_->report_process(static_cast<uint32_t>(::getpid()));
  state.channel = channel_.get();
  state.worker = lane_->number;
  state.note = notes_ + lane_->number;
}

void SnapshotTemplate::hand_over() {
  channel_->report_process(0);
  table_.hand_over(lane_->number, lane_->incarnation);
  pages_.look();
}

}  // namespace howdah::php

// Thread mode: a worker is a thread of the host. A crash takes all of them; a thread cannot be
// killed.

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <mutex>

#include "channel/control.h"
#include "php/engine.h"
#include "php/interrupt.h"
#include "php/worker.h"
#include "php/worker_set.h"

namespace howdah::php {
namespace {

// PHP reads its stack limit (zend.max_allowed_stack_size) from the thread's size.
constexpr size_t kThreadStack = 8 << 20;

// Lies apart from what other threads write.
struct alignas(channel::kCacheLine) WorkerThread {
  pthread_t handle;
  RequestState state;
  std::unique_ptr<channel::WorkerChannel> channel;
  int ended_event = -1;
  std::atomic<pid_t> tid{0};
  std::mutex place_mutex;  // held while the host uses `place`
  ScriptPlace place;       // its tid is 0 when PHP is not there
  std::atomic<bool> ended{false};
  uint32_t requests = 0;                // as in SpawnOrder
  WorkerEnd end = WorkerEnd::kRetired;  // valid once `ended` is true
};

void* thread_main(void* argument) {
  auto* self = static_cast<WorkerThread*>(argument);
  char name[16];
  std::snprintf(name, sizeof name, "php-worker %u", self->state.worker);
  pthread_setname_np(pthread_self(), name);
  enter_engine();
  self->tid.store(static_cast<pid_t>(::syscall(SYS_gettid)));
  {
    std::lock_guard lock(self->place_mutex);
    self->place = own_script_place();
  }
  self->end = run_worker(self->state, self->requests);
  self->tid.store(0);
  {
    std::lock_guard lock(self->place_mutex);
    self->place = {};
  }
  leave_engine();
  self->ended.store(true);
  uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(self->ended_event, &one, sizeof one);
  return nullptr;
}

// Threads take only the signals that are theirs: faults, PHP's timer, the interrupt. The others are
// the host's.
sigset_t thread_signals() {
  sigset_t set;
  sigfillset(&set);
  for (int signal :
       {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF, SIGRTMIN}) {
    sigdelset(&set, signal);
  }
  sigdelset(&set, interrupt_signal());
  return set;
}

WorkerThread* thread_of(const WorkerSet::Worker& record) {
  return static_cast<WorkerThread*>(record.thread);
}

}  // namespace

base::Status WorkerSet::prepare() {
  ended_event_ = base::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ended_event_) return base::fail_errno("eventfd");
  return {};
}

base::Status WorkerSet::start(Worker& record, SpawnOrder order) {
  auto thread = std::make_unique<WorkerThread>();
  auto attached =
      channel::WorkerChannel::attach(regions_, order.worker, order.incarnation,
                                     std::move(order.responses), std::move(order.body_socket));
  if (!attached) return base::fail(attached.error());
  thread->channel = std::move(*attached);
  thread->state.channel = thread->channel.get();
  thread->state.note = note_of(order.worker);
  thread->state.worker = order.worker;
  thread->state.run.script = script_;
  thread->state.workers = regions_.requests().worker_limit;
  thread->ended_event = ended_event_.get();
  thread->requests = order.requests;

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kThreadStack);
  sigset_t blocked = thread_signals();
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  int failed = pthread_create(&thread->handle, &attributes, thread_main, thread.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (failed != 0) return base::fail({base::ErrorKind::kSystem, failed, "pthread_create"});
  record.pid = ::getpid();
  record.thread = thread.release();
  return {};
}

void WorkerSet::signal_worker(const Worker& record) {
  pid_t tid = thread_of(record)->tid.load();
  if (tid != 0) ::syscall(SYS_tgkill, ::getpid(), tid, interrupt_signal());
}

void WorkerSet::with_place(const Worker& record,
                           const std::function<void(const ScriptPlace&)>& use) {
  WorkerThread* thread = thread_of(record);
  std::lock_guard lock(thread->place_mutex);
  if (thread->place.tid != 0) use(thread->place);
}

void WorkerSet::kill_worker(Worker& record) {
  // The front starts another host; this one will not wait for the thread.
  record.lost = true;
}

void WorkerSet::kill_all() {
  // Children that scripts have started are in the host's own group.
  if (::getpgrp() == ::getpid()) ::kill(0, SIGKILL);
}

void WorkerSet::reap() {
  uint64_t count;
  [[maybe_unused]] ssize_t got = ::read(ended_event_.get(), &count, sizeof count);
  for (size_t i = workers_.size(); i-- > 0;) {
    WorkerThread* thread = thread_of(*workers_[i]);
    if (!thread->ended.load()) continue;
    pthread_join(thread->handle, nullptr);
    const int status = wait_status_of(thread->end);
    delete thread;
    report_exit(*workers_[i], status);
  }
}

}  // namespace howdah::php

#pragma once

// PHP_HOSTS: the worker threads of a host in several processes.
//
// PHP has been started once, in the mother, which runs no worker itself. She forks a process when
// the first worker of its share (worker number modulo processes) is to be spawned. Such a process
// is a host in small: it runs the threads with a WorkerSet and speaks over a socket pair to the
// mother as a host does to the front; she passes on what is said. OPcache's memory is that of all
// of them.
//
// A crash costs the threads of one process: the mother reports kExited for each, with the process'
// wait status, and forks again when the front spawns their successors. A thread that is to be
// killed goes with its process, which gets no new threads from then on; once the others of it have
// ended, or after a grace, the process is killed.

#include <functional>
#include <memory>

#include "channel/control.h"
#include "php/front_link.h"
#include "php/line_pipe.h"
#include "php/workers.h"

namespace howdah::php {

class ThreadHosts final : public Workers {
 public:
  // Runs in a forked process, until its workers have ended: `mother` is its end of the socket pair.
  // Returns the exit status.
  using RunHost = std::function<int(base::UniqueFd mother)>;

  // At most `count` processes at a time, besides those that are to end. `signals` is the mother's
  // signalfd, which her children close.
  ThreadHosts(uint32_t count, FrontLink& front, int signals, RunHost run)
      : count_(count), front_(front), signals_(signals), run_(std::move(run)) {}

  void spawn(SpawnOrder order) override;
  void interrupt(uint32_t worker, uint32_t incarnation) override;
  void look(uint32_t worker, uint32_t incarnation, uint32_t ticket) override;
  void kill(uint32_t worker, uint32_t incarnation, base::Nanos grace) override;
  void finish() override;
  bool done() const override { return hosts_.empty(); }
  bool has_lost() const override { return false; }
  void kill_all() override;
  void reap() override;
  int time_interval() const override;
  void on_time(base::Nanos now) override;
  void add_pipes(std::vector<pollfd>& polled) const override;
  void read_pipes(const std::vector<pollfd>& polled, size_t first) override;
  int ended_event() const override { return -1; }

 private:
  // A thread of a process, from kSpawn to kExited.
  struct Thread {
    uint32_t worker;
    uint32_t incarnation;
    bool lost = false;  // to be killed
  };
  struct ThreadHost {
    uint32_t number;
    int pid;
    FrontLink link;
    LinePipe output;
    std::vector<Thread> threads;
    bool leaving = false;     // one of its threads is lost: another process gets new ones
    base::Nanos kill_at = 0;  // when it is leaving

    Thread* find(uint32_t worker, uint32_t incarnation);
    bool has_only_lost() const;
  };

  // The process that takes new threads of a share; forked when there is none.
  base::Result<ThreadHost*> host_for(uint32_t worker);
  base::Result<ThreadHost*> start_host(uint32_t number);
  ThreadHost* owner_of(uint32_t worker, uint32_t incarnation) const;
  // False when it will say nothing any more.
  bool take_messages(ThreadHost& host, size_t most);
  void pass_on(ThreadHost& host, const channel::ControlMessage& message);
  void report_line(const ThreadHost& host, std::string_view line);
  void report_exit(const ThreadHost& host, uint32_t worker, uint32_t incarnation, int status);
  // Last words and kExited for what it ran; the record is gone after it.
  void bury(ThreadHost& host, int status);

  const uint32_t count_;
  FrontLink& front_;
  const int signals_;
  const RunHost run_;
  std::vector<std::unique_ptr<ThreadHost>> hosts_;
  channel::ControlMessage message_;  // scratch
};

}  // namespace howdah::php

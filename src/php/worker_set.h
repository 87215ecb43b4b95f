#pragma once

// The workers of a host: makes them, reaps them, interrupts them, reads what they write to stderr.
//
// Workers are processes or threads, by the kind of PHP (worker_process.cc, worker_thread.cc: one of
// the two is in the program). Used by the host's thread alone.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "channel/worker_channel.h"
#include "php/front_link.h"
#include "php/line_pipe.h"
#include "php/request_state.h"
#include "php/snapshot_lanes.h"
#include "php/workers.h"

namespace howdah::php {

class WorkerSet final : public Workers {
 public:
  // A script that has not come to a VM instruction by then is in a C function.
  static constexpr base::Nanos kStackPatience = 50 * base::kMillisecond;
  // The front kills after 2 s; by then there is nobody to interrupt any more.
  static constexpr base::Nanos kInterruptLimit = 2500 * base::kMillisecond;
  // Snapshot mode: how long a template may take to its script's first request. The front has a
  // shorter limit for the boots that it knows of; of a template that follows another one it does
  // not know.
  static constexpr base::Nanos kTemplateLimit = 65 * base::kSecond;

  // `signals` is the host's signalfd, which forked workers close. `script`: null in classic mode.
  static base::Result<std::unique_ptr<WorkerSet>> create(channel::SharedRegions& regions,
                                                         FrontLink& link, int signals,
                                                         const WorkerScript* script);
  ~WorkerSet() override;

  void spawn(SpawnOrder order) override;
  void interrupt(uint32_t worker, uint32_t incarnation) override;
  void look(uint32_t worker, uint32_t incarnation, uint32_t ticket) override;
  void kill(uint32_t worker, uint32_t incarnation, base::Nanos grace) override;
  void finish() override;
  bool done() const override;
  bool has_lost() const override { return !workers_.empty(); }
  void kill_all() override;
  void reap() override;
  int time_interval() const override;
  // Signals the workers whose cancelled request still runs; answers kLook; ends a template that
  // does not come to its first request.
  void on_time(base::Nanos now) override;
  // One entry per worker with a pipe.
  void add_pipes(std::vector<pollfd>& polled) const override;
  void read_pipes(const std::vector<pollfd>& polled, size_t first) override;
  // Thread mode: readable when a thread has ended.
  int ended_event() const override { return ended_event_.get(); }

  // A worker's own record; what a thread needs of it stays in place until it is joined.
  struct Worker {
    uint32_t number = 0;
    uint32_t incarnation = 0;
    int pid = 0;             // process mode; 0: a lane of snapshot mode
    void* thread = nullptr;  // thread mode, worker_thread.cc
    bool lost = false;       // thread mode: to be killed, which a thread cannot be
    base::Nanos interrupt_until = 0;
    base::Nanos next_interrupt = 0;
    uint32_t look_ticket = 0;  // 0: nobody has asked
    base::Nanos look_until = 0;
    LinePipe output;
  };

 private:
  WorkerSet(channel::SharedRegions& regions, FrontLink& link, int signals,
            const WorkerScript* script)
      : regions_(regions), link_(link), signals_(signals), script_(script) {}

  // --- worker_process.cc or worker_thread.cc
  base::Status prepare();
  // Fills the record's pid or thread and pipe.
  base::Status start(Worker& record, SpawnOrder order);
  void signal_worker(const Worker& record);
  // Calls `use` with where the worker's script is, which stays there during the call; not when
  // there is no such thread.
  void with_place(const Worker& record, const std::function<void(const ScriptPlace&)>& use);
  void kill_worker(Worker& record);

  // --- snapshot mode, worker_snapshot.cc. A record is a lane, or the template (kNoWorker), whose
  // lines are the host's.
  base::Status start_lane(Worker& record, SpawnOrder order);
  base::Status start_template();
  void template_ended(Worker& record, int status);
  // The lane ends with this status if no fork has it; else false.
  bool end_idle_lane(Worker& record, int status);
  void end_idle_lanes(int status);
  // The process that the front may look at: of a lane the template.
  int process_of(const Worker& record) const;
  // A fork has been reaped.
  void fork_ended(int pid, int status);
  void kill_lane(Worker& record);
  bool template_boots() const { return snapshot_->has_template() && !snapshot_->parked(); }
  void limit_template(base::Nanos now);

  Worker* find(uint32_t worker, uint32_t incarnation);
  bool runs_cancelled_request(const Worker& record) const;
  bool runs_request(const Worker& record, uint32_t ticket) const;
  // --- worker_looks.cc
  void take_look(Worker& record, base::Nanos now);
  std::string look_from_outside(const Worker& record);
  void report_look(Worker& record, std::string_view text);
  WorkerNote* note_of(uint32_t worker) const { return notes() + worker; }
  // The template's, behind all workers'.
  WorkerNote* template_note() const { return note_of(channel::kMaxWorkers); }
  WorkerNote* notes() const { return static_cast<WorkerNote*>(notes_.data()); }
  void report_line(const Worker& record, std::string_view line);
  void report_note(const Worker& record);
  // What the worker says about it; empty when there was none.
  std::string_view boot_failure(const Worker& record) const;
  // Last words and kExited; the record is gone after it.
  void report_exit(Worker& record, int status);

  channel::SharedRegions& regions_;
  FrontLink& link_;
  const int signals_;
  const WorkerScript* const script_;
  channel::Mapping notes_;
  base::UniqueFd ended_event_;
  std::unique_ptr<SnapshotLanes> snapshot_;  // null: not in snapshot mode
  base::Nanos template_started_ = 0;
  bool finishing_ = false;
  // As waitpid() gave it, of a template that did not come to its first request.
  int failed_boot_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace howdah::php

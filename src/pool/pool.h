#pragma once

// The front's side of PHP workers: a queue, the channel, the host that has the workers, and what
// keeps them alive.
//
// A Pool is shared by all event loops; each reaches it through its Dispatcher. Supervision (the
// hosts' control sockets, spawning, deaths, timeouts) runs on one of them, the primary loop. A
// generation is one host with its channel; a worker that dies is replaced inside it, a host that
// dies makes a new generation. One generation serves; another may be starting to take over, and
// earlier ones may be finishing what they run.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "net/event_loop.h"
#include "pool/dispatcher.h"
#include "pool/generation.h"
#include "pool/host_link.h"
#include "pool/limits.h"
#include "pool/script_stack.h"
#include "pool/status.h"

namespace howdah::pool {

struct PoolOptions {
  std::string name = "classic";  // in the log and in what the pool tells about itself
  uint32_t workers = 1;
  uint32_t workers_max = 0;       // grow up to this many; less than `workers` = do not grow
  uint32_t queue_capacity = 100;  // jobs that may wait besides those that run
  uint32_t max_requests = 0;      // of one worker, then it is replaced; 0 = no limit
  uint64_t max_memory = 0;        // bytes of one worker's own memory, likewise; 0 = no limit
  uint32_t cpus = 1;              // that all processes of the server may use
  // A request that PHP runs for longer is logged with its script's stack; 0 = none is.
  base::Nanos slow_request = 0;
  // How long a generation that another one has replaced may finish what it runs; 0 = no limit.
  base::Nanos retirement_limit = 5 * 60 * base::kSecond;
  // What the scripts' paths begin with: a generation that takes over finds the scripts of the one
  // before below its own.
  std::string root;
  // Worker mode: the script that each worker runs, which stays the same; empty = classic mode. Such
  // a worker is ready when its script waits for a request.
  std::string script;
  // Snapshot mode: each request has a process of its own, whose id it says itself.
  bool forks = false;
  // After so many failed boots in a row of one worker the next one that fails ends a generation
  // that has not served yet: start() or the reload fails. Empty = never. One that serves goes on
  // trying.
  std::optional<uint32_t> max_boot_failures = 6;
  // Worker mode: how long a script may take to its first request. start() fails then, unless boots
  // may fail for ever; so do a reload and a restart (kRenewalLimit), all workers together. Of a
  // generation that serves the one worker is killed and boots again.
  base::Nanos boot_limit = kRenewalLimit;
  // Worker mode: how long a script may go on after a request until it asks for the next one, or
  // ends; 0 = no limit. Then its worker is killed and replaced.
  base::Nanos pause_limit = 0;
};

// The same, with a workers_max that is one.
PoolOptions whole(PoolOptions options);

// Which settings a host is started with.
enum class HostSettings {
  kInUse,  // those that the serving one has
  kNext,   // those that a reload brings
};

// Who can start a host: the parent process, asked over its control socket.
class HostStarter {
 public:
  virtual ~HostStarter() = default;
  // Starts a host; Pool::host_started() follows with the same generation. Primary loop.
  virtual void start_host(uint32_t generation, HostSettings settings) = 0;
};

class Pool final {
 public:
  // `loops` are all loops that submit; the first is the primary. All arguments outlive the pool;
  // construct and destroy it while no loop runs.
  Pool(PoolOptions options, std::vector<net::EventLoop*> loops, HostStarter& starter,
       const base::Logger& log);
  ~Pool();

  // Primary loop: asks for the first host. `on_ready` is called when all workers of the first
  // generation wait for requests, `on_failed` with the reason when it cannot start.
  void start(std::function<void()> on_ready, std::function<void(std::string)> on_failed);
  // The answer to start_host(): the front's end of the host's control socket. Primary loop.
  void host_started(uint32_t generation, base::UniqueFd control, int pid);
  // The parent reaped a host. Primary loop. `wait_status` as of waitpid().
  void host_exited(int pid, int wait_status);

  // --- reload and restart, after `on_ready`. Primary loop. A ReloadDone is called once, with why
  // it did not come to that, or an empty string.
  using ReloadDone = std::function<void(std::string)>;
  // A host with the next settings starts, in place of one that was starting to take over.
  // `on_prepared` is called when its workers are ready; it takes over with commit_reload(). When
  // that fails, or later without a call, the old one and its options stay. One reload at a time.
  void prepare_reload(PoolOptions options, ReloadDone on_prepared);
  bool is_prepared() const { return reload_ && reload_->prepared; }
  // Precondition: is_prepared(). It serves when this returns.
  void commit_reload();
  // Ends a reload that is not committed, without a call.
  void cancel_reload();
  // Both steps in one.
  void reload(PoolOptions options, ReloadDone on_done);
  // A new generation with the settings in use takes over when it is ready. Who asks while one is
  // starting gets another one, after it.
  void restart(ReloadDone on_done);

  Dispatcher& dispatcher(uint32_t loop_index) { return *dispatchers_[loop_index]; }
  // Primary loop: new jobs are refused; `on_done` is called when those that were taken are over, in
  // the workers too, and the host has ended.
  void drain(std::function<void()> on_done);
  // Primary loop. All requests that are not over here, those of retired generations, too.
  std::vector<OpenRequest> open_requests() const;

  // From any thread.
  PoolStatus status() const;
  std::vector<WorkerStatus> worker_status() const;
  // Where the scripts of the requests are that run now. `done` is called once, on the primary loop,
  // after kLookLimit at the latest (unless the pool ends before), with those that are known.
  using StacksDone = std::function<void(std::vector<WorkerStack>)>;
  void gather_stacks(StacksDone done);

 private:
  friend class Dispatcher;

  // A request that PHP has begun and that nobody waits for any more (deadlines.cc).
  struct Orphan {
    enum class Stage {
      kAbandoned,  // its client has left; it is cancelled when its time is up
      kCancelled,  // it is being interrupted; its worker is killed at `due`
      kStuck,      // that was due, and cannot be done: a thread of the host itself
      kOver,       // it has ended; where it was may still be told
    };
    Stage stage = Stage::kAbandoned;
    uint32_t generation = 0;
    uint32_t slot = 0;
    channel::Claim claim;  // as it was then
    base::Nanos due = 0;   // when something is to be done next
    base::Nanos time_limit = 0;
    Generation::Label label;  // from kCancelled on
    bool logged = false;
  };
  // Those who have asked for all stacks, and what is known so far (looks.cc).
  struct Gathering {
    std::vector<WorkerStack> stacks;
    size_t missing = 0;
    StacksDone done;
  };
  // A question to a host: where is the script of this request?
  struct Look {
    uint32_t generation = 0;
    channel::Claim claim;
    base::Nanos until = 0;  // it is answered without the host then
    // For SLOW_REQUEST, else `gathering` is there.
    base::Nanos running_for = 0;
    Generation::Label label;
    std::shared_ptr<Gathering> gathering;  // shared with the looks at other workers
  };
  enum class Step { kWait, kInterrupt, kKill, kForget };

  // What the front knows of one host. Primary loop only.
  struct Host final : HostListener {
    Host(Pool& owner, std::shared_ptr<Generation> made, int process)
        : pool(owner),
          generation(std::move(made)),
          pid(process),
          spawn_at(generation->worker_count()) {}
    void on_control(const channel::ControlMessage& message) override {
      pool.on_control(*this, message);
    }
    void on_host_gone() override { pool.on_host_gone(*this); }

    Pool& pool;
    const std::shared_ptr<Generation> generation;  // shared with every loop's view of it
    std::unique_ptr<HostLink> link;
    const int pid;
    const base::Nanos started_at = base::monotonic_now();
    bool ready = false;      // PHP has started in it
    bool announced = false;  // that its workers are ready
    bool threads = false;    // its workers are threads; known when it is ready
    bool kills = true;       // kKill ends a worker: it is no thread of the host itself
    // Threads: the last process of them whose death was logged, and that was counted as a crash.
    int dead_pid = 0, crashed_pid = 0;
    std::string php_version;            // likewise
    std::string failure;                // why it said that it cannot start
    bool greeted = false;               // say_hello() has been called
    bool adopted = false;               // every loop knows its generation
    bool gone = false;                  // retired: it has ended
    base::Nanos end_by = 0;             // starting to take over, or retired
    std::vector<base::Nanos> spawn_at;  // by worker; 0 = not waiting to be spawned
  };

  // --- under mutex_, from any loop
  bool full();
  // The process that a worker is, for people to read: in snapshot mode it is the worker's word.
  int shown_pid(const Worker& worker) const;
  // Puts waiting jobs into slots; returns how many.
  uint32_t refill();
  // A job that has lost its place goes back to the front of the queue.
  void wait_again(Job& job);
  // Jobs that lie in slots and that nobody has claimed wait again.
  void take_back_unclaimed(Generation& generation);
  void add_abandoned(const Job& job, const channel::Claim& claim);
  void add_cancelled(Generation& generation, const Job& job, const channel::Claim& claim);
  void begin_grace(Generation& generation, Orphan& orphan, base::Nanos now);

  // --- from any loop
  void report_bad_worker(Generation& generation, const channel::Seat& seat, base::Error error);

  // --- primary loop. What a host said; may destroy it.
  void on_control(Host& host, const channel::ControlMessage& message);
  void on_host_gone(Host& host);
  void on_host_ready(Host& host, const channel::ControlMessage& message);
  void on_spawned(Host& host, const channel::ControlMessage& message);
  void on_exited(Host& host, const channel::ControlMessage& message);
  void on_line(Host& host, const channel::ControlMessage& message);
  void on_yielded(Host& host, const channel::ControlMessage& message);
  void on_renewal_wanted(Host& host, const channel::ControlMessage& message);
  void on_looked(Host& host, const channel::ControlMessage& message);

  // --- primary loop
  Host* host_of(uint32_t generation) const;  // nullptr when it has ended
  bool is_retired(const Host& host) const { return &host != host_.get() && &host != next_.get(); }
  void say_hello(Host& host);
  // --- scripts.cc
  // Asks the serving host what its OPcache holds, for the one that will take over.
  void ask_for_scripts();
  void on_scripts_listed(Host& host);
  void on_scripts_warmed(const channel::ControlMessage& message);
  // Whether a new host has to wait for that list.
  bool scripts_awaited(base::Nanos now) const;
  // Greets the host that is starting, when nothing is awaited any more.
  void greet_next(base::Nanos now);
  void spawn(Host& host, uint32_t worker);
  void spawn_due(Host& host, base::Nanos now);
  struct Death {
    bool had_request = false;
    bool booting = false;  // its script had not asked for a request
    int wait_status = 0;
    std::string reason;  // why the script ended, as the host says
  };
  void replace(Host& host, uint32_t worker, const Death& death);
  // One more of its workers is ready.
  void on_worker_ready(Host& host);
  // --- worker mode (boots.cc)
  bool runs_script() const { return !options_.script.empty(); }
  // What the workers tell of themselves.
  void read_reports(Host& host);
  // The first generation does not come; no worker is spawned for it any more.
  void fail_start(const std::string& why);
  void limit_start(base::Nanos now);
  void limit_boots(Host& host, base::Nanos now);
  void give_up_boot(Host& host, uint32_t worker);
  // The same of one worker. True when it has become ready.
  bool read_report(Host& host, uint32_t worker);
  // How long to wait until the next boot. Under the lock.
  base::Nanos count_boot_failure(Worker& worker);
  void log_failed_boot(Host& host, uint32_t worker, const std::string& why);
  std::string why_boot_failed(Host& host, uint32_t worker, const Death& death) const;
  // Whether that was one boot too many; then the generation is given up.
  bool is_last_boot(Host& host, uint32_t worker, const Death& death);
  // Thread mode: likewise of a host that a boot has killed, before the first one served.
  bool is_last_start(const Host& ended);
  // --- worker mode (pauses.cc)
  void watch_pauses(Host& host, base::Nanos now);
  bool pauses(const Host& host, uint32_t worker) const;
  void give_up_pause(Host& host, uint32_t worker);
  // Of those that are wanted; false when that is none yet.
  bool all_alive(Host& host) const;
  void count_crash(Host& host, int pid);
  uint32_t request_limit(const Host& host);

  // --- primary loop: where scripts are (looks.cc)
  void watch_slow(base::Nanos now);
  void watch_slow(Host& host, base::Nanos now);
  void start_gathering(StacksDone done);
  void start_looks(Host& host, const std::shared_ptr<Gathering>& gathering);
  void look(Host& host, Look look);
  void end_overdue_looks(base::Nanos now);
  void end_look(Look& look, ScriptStack stack);

  // --- primary loop: how many workers there are, and for how long (growth.cc)
  void adapt(base::Nanos now);
  void grow(base::Nanos now);
  // Requests that have waited for long while no worker is idle or about to be; 0 also when there
  // can be no more workers.
  uint32_t overdue_requests(base::Nanos now);
  uint32_t workers_that_want_cpu();
  // Thread mode: those that the threads are in.
  std::vector<int> processes() const;
  void shrink(base::Nanos now);
  void check_memory();
  void check_worker_memory(uint32_t number);
  void check_host_memory();

  void request_host();
  void serve_with(std::unique_ptr<Host> host);
  // The serving host is gone or retired: the one that is starting takes its place, or a new one
  // that is asked for, not before `earliest`.
  void succeed(base::Nanos earliest);
  // The serving host is no more, or of no more use. Nothing of what its workers run is finished.
  void end_generation(const char* why, base::Nanos earliest = 0);
  // Starts a host that takes over when its workers are ready; the old one finishes what it runs.
  void renew(base::Nanos now);
  // The one that is starting serves, when its workers are ready.
  void take_over();
  void swap_hosts();
  void drop_next(const std::string& why);
  std::unique_ptr<Host> discard_next();
  void note_kind(const Host& host);
  void log_cut(Host& retired);
  // What is to be done with an orphan, and its stage after that. Under the lock.
  Step next_step(Orphan& orphan, Generation& generation, base::Nanos now);
  bool still_runs(const Orphan& orphan, Generation& generation) const;
  void watch_orphans(base::Nanos now);
  void interrupt(uint32_t generation, const channel::Claim& claim);
  void kill_overdue(const Orphan& orphan);
  // Precondition: host.kills. What cannot be sent leaves no trace: it is due again.
  void kill(Host& host, uint32_t worker, uint32_t incarnation, Killed why);
  // Threads: those beside a worker that is to be killed end after what they run. Under the lock.
  void retire_process(Generation& generation, int pid);
  void log_interrupted(const Generation::Label& label, uint32_t worker, std::string_view script);
  // Threads that do not come back and cannot be killed: from cancelled requests, and from what they
  // do outside of requests. Under the lock.
  uint32_t stuck_threads(const Host& host) const;
  // Those of the latter that were given up for this reason.
  uint32_t stuck_for(const Host& host, Killed why) const;
  // A host that has such threads is replaced, not too often; it serves with the others until then.
  void renew_if_stuck(base::Nanos now);
  void count_renewal(const char* why, base::Nanos now);
  // A worker has scribbled over the claims: nothing in them can be relied on any more.
  void audit_claims();
  void settle_released_jobs();
  void give_up(Host& host);
  void start_reload(PoolOptions options, ReloadDone on_done, bool waits_for_commit);
  void begin_reload();
  void begin_restart();
  void discard_reload();
  // Its workers are ready: takes over, or waits for the word.
  void on_reload_ready();
  bool is_reloaded(const Host& host) const;
  // Those that it serves with, or is about to.
  const PoolOptions& options_of(const Host& host) const {
    return is_reloaded(host) ? reload_->options : options_;
  }
  // Over: calls what reload() was given.
  void end_reload(const std::string& failure);
  // The serving host gets no more requests and finishes those that it runs.
  void retire_host();
  bool is_busy(Generation& generation) const;
  void end_retired(base::Nanos now);
  void finish_drain();
  void tick();
  // Fills in whether it held a request when it died.
  void log_death(Host& host, uint32_t number, Death& death);
  // Runs `task` with each dispatcher on its own loop, this one's at once, then `then` here.
  void on_each_loop(std::function<void(Dispatcher&)> task, std::function<void()> then = {});

  // Constant.
  const std::vector<net::EventLoop*> loops_;
  HostStarter& starter_;
  const base::Logger& log_;
  std::vector<std::unique_ptr<Dispatcher>> dispatchers_;

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  PoolOptions options_;  // written by the primary loop alone
  JobList waiting_;
  std::shared_ptr<Generation> generation_;  // shared with every loop's view of it
  std::vector<Orphan> orphans_;
  PoolStatus counts_;
  std::vector<uint64_t> restarts_;  // by worker
  bool ending_ = false;
  bool open_ = false;  // generation_ is there and every loop knows it

  // Read without the lock, as a hint.
  std::atomic<size_t> waiting_hint_{0};

  // Primary loop only.
  std::unique_ptr<Host> host_;                  // serves; its generation is generation_
  std::unique_ptr<Host> next_;                  // starts, to take over from host_
  std::vector<std::unique_ptr<Host>> retired_;  // finish what they run
  int ended_pid_ = 0;  // of the last host whose generation has ended and that is not reaped yet
  bool host_requested_ = false;
  // A reload or restart; the generation is 0 until its host is asked for.
  struct Reload {
    PoolOptions options;
    HostSettings settings = HostSettings::kNext;
    bool waits_for_commit = false;
    bool prepared = false;
    std::vector<ReloadDone> on_done;
    uint32_t generation = 0;
  };
  std::optional<Reload> reload_;
  std::vector<ReloadDone> restarts_wanted_;
  uint32_t unwanted_generation_ = 0;  // was asked for, and is not wanted any more
  std::vector<Look> looks_;
  size_t gatherings_ = 0;
  std::string last_boot_failure_;  // as it was logged
  base::Nanos boot_failure_logged_at_ = 0;
  struct ScriptList {
    uint32_t generation = 0;  // whose scripts
    base::UniqueFd file;
    base::Nanos wait_until = 0;
    bool complete = false;
  };
  ScriptList scripts_;
  // What the last host that ended was running, answered or not, for the log line that says how it
  // ended.
  std::vector<Generation::Label> lost_requests_;
  uint32_t next_generation_ = 1;
  uint32_t failed_generations_ = 0;     // in a row, without having become ready
  std::vector<uint16_t> incarnations_;  // as wide as in a claim
  base::Nanos request_host_at_ = 0;
  const char* renewal_wanted_ = nullptr;  // why
  base::Nanos renewed_at_ = 0;
  base::Nanos stuck_renewal_at_ = 0;  // the next one because of a stuck thread, at the earliest
  base::Nanos stuck_backoff_ = 0;
  std::vector<base::Nanos> crashes_;  // of workers, within kCrashWindow
  base::RandomIds random_;
  uint32_t looks_with_free_cpu_ = 0;  // in a row, while requests waited
  uint32_t memory_check_ = 0;         // ticks; says whose turn it is
  bool renewal_for_memory_ = false;   // the generation that starts is due to PHP_MAX_MEMORY
  base::Nanos finish_by_ = 0;
  std::function<void()> on_ready_;
  std::function<void(std::string)> on_failed_;
  bool start_failed_ = false;  // it has been called
  std::function<void()> on_drained_;
  net::MemberTimer<Pool, &Pool::tick> tick_timer_{*this};
};

}  // namespace howdah::pool

// Hosts: one serves, one may be starting to take over, retired ones finish what they run.

#include <algorithm>

#include "base/exit_status.h"
#include "pool/pool.h"

namespace howdah::pool {

using channel::ControlMessage;
using channel::ControlType;
using channel::SlotState;

// --- starting ------------------------------------------------------------------------------------

void Pool::start(std::function<void()> on_ready, std::function<void(std::string)> on_failed) {
  on_ready_ = std::move(on_ready);
  on_failed_ = std::move(on_failed);
  request_host();
  tick();
}

void Pool::request_host() {
  request_host_at_ = 0;
  host_requested_ = true;
  starter_.start_host(next_generation_++, HostSettings::kInUse);
}

void Pool::host_started(uint32_t number, base::UniqueFd control, int pid) {
  // The end of its control socket ends it.
  if (number == unwanted_generation_) return;
  host_requested_ = false;
  if (ending_ && host_) return;  // the end of its control socket ends it
  const bool reloads = reload_ && reload_->generation == number;
  const uint32_t workers = (reloads ? reload_->options : options_).workers_max;
  auto generation = Generation::create(number, workers, static_cast<uint32_t>(loops_.size()));
  if (!generation) {
    log_.error("cannot make the memory of a worker generation",
               {{"error", generation.error().message()}});
    if (reloads) end_reload("no memory for a worker generation: " + generation.error().message());
    if (!host_) request_host_at_ = base::monotonic_now() + kLongestBackoff;
    return;
  }
  if (incarnations_.size() < workers) incarnations_.resize(workers);
  {
    std::lock_guard lock(mutex_);
    if (restarts_.size() < workers) restarts_.resize(workers);
  }
  auto made = std::make_unique<Host>(*this, *generation, pid);
  Host& host = *made;
  host.link = std::make_unique<HostLink>(*loops_.front(), std::move(control),
                                         static_cast<HostListener&>(host));
  if (host_) {
    host.end_by = host.started_at + kRenewalLimit;
    next_ = std::move(made);
  } else {
    serve_with(std::move(made));
  }
  // It gets jobs when every loop knows it: a loop must be able to find what becomes of its own.
  on_each_loop([made = *generation](Dispatcher& dispatcher) { dispatcher.adopt(made); },
               [this, number] {
                 Host* adopted = host_of(number);
                 if (adopted == nullptr) return;
                 adopted->adopted = true;
                 if (adopted == next_.get()) return take_over();
                 std::lock_guard lock(mutex_);
                 if (adopted == host_.get()) open_ = true;
               });
  if (&host == host_.get()) return say_hello(host);
  greet_next(base::monotonic_now());
}

// Its generation gets the jobs from now on.
void Pool::serve_with(std::unique_ptr<Host> host) {
  host_ = std::move(host);
  host_->end_by = 0;
  std::lock_guard lock(mutex_);
  generation_ = host_->generation;
  open_ = host_->adopted;
  counts_.generation = generation_->number();
  counts_.host_pid = host_->pid;
  note_kind(*host_);
}

// Under the lock.
void Pool::note_kind(const Host& host) {
  if (!host.ready) return;
  counts_.threads = host.threads;
  counts_.php_version = host.php_version;
}

void Pool::say_hello(Host& host) {
  host.greeted = true;
  channel::FrontChannel& channel = host.generation->channel();
  std::vector<int> fds{channel.requests_fd(), channel.claims_fd()};
  for (uint32_t loop = 0; loop < loops_.size(); ++loop) fds.push_back(channel.loop_event(loop));
  const std::string& root = options_of(host).root;
  const bool warm = &host == next_.get() && scripts_.file && scripts_.complete;
  base::UniqueFd list = std::move(scripts_.file);
  std::string text(channel::build_id());
  if (warm) {
    fds.push_back(list.get());
    text.append("\n").append(options_.root).append("\n").append(root);
  }
  auto sent = host.link->send({.type = ControlType::kHello, .status = warm ? 1 : 0}, text, fds);
  if (!sent) on_host_gone(host);
}

void Pool::on_host_ready(Host& host, const ControlMessage& message) {
  if (host.ready || (&host != host_.get() && &host != next_.get())) {
    return log_.warn("a worker host that is ready or retired says that it is ready");
  }
  std::string_view text = message.text();
  std::string_view build = text.substr(0, text.find('\n'));
  if (message.header.version != channel::kLayoutVersion || build != channel::build_id()) {
    std::string why = "the worker program is '" + std::string(build) + "', this server is '" +
                      std::string(channel::build_id()) + "': install matching programs";
    if (on_failed_) fail_start(why);
    host.failure = why;
    return &host == next_.get() ? drop_next("it is of another version")
                                : end_generation("it is of another version");
  }
  host.ready = true;
  const auto kind = static_cast<channel::WorkerKind>(message.header.status);
  host.threads = kind != channel::WorkerKind::kProcess;
  host.kills = kind != channel::WorkerKind::kThread;
  host.php_version = build.size() < text.size() ? text.substr(build.size() + 1) : "";
  if (&host == host_.get()) {
    if (!runs_script()) failed_generations_ = 0;
    std::lock_guard lock(mutex_);
    note_kind(host);
  }
  // One that takes over begins with as many as serve now, as far as it may.
  const uint32_t serving = &host == next_.get() ? host_->generation->present_workers() : 0;
  const uint32_t workers =
      std::min(std::max(options_of(host).workers, serving), host.generation->worker_count());
  for (uint32_t worker = 0; worker < workers; ++worker) spawn(host, worker);
}

Pool::Host* Pool::host_of(uint32_t generation) const {
  auto has_it = [&](const std::unique_ptr<Host>& host) {
    return host && host->generation->number() == generation;
  };
  if (has_it(host_)) return host_.get();
  if (has_it(next_)) return next_.get();
  auto found = std::ranges::find_if(retired_, has_it);
  return found == retired_.end() ? nullptr : found->get();
}

// --- ends ----------------------------------------------------------------------------------------

void Pool::on_host_gone(Host& host) {
  if (&host == host_.get()) return end_generation("its host ended");
  if (&host == next_.get()) return drop_next("its host ended");
  host.gone = true;
}

void Pool::host_exited(int pid, int wait_status) {
  if (host_ && pid == host_->pid) end_generation("its host died");
  if (next_ && pid == next_->pid) drop_next("its host died");
  for (auto& retired : retired_) {
    if (retired->pid == pid) retired->gone = true;
  }
  if (pid != ended_pid_) return;
  ended_pid_ = 0;
  if (!ending_ || !lost_requests_.empty()) {
    std::string cause = base::describe_exit(wait_status);
    log_.error("worker host died", {{"pid", int64_t{pid}}, {"cause", cause}});
    for (const Generation::Label& lost : lost_requests_) {
      log_.log(base::LogType::kApp, base::LogLevel::kError, "request lost with its worker host",
               {lost.request_id, lost.trace_id, lost.span_id},
               {{"request", lost.request}, {"cause", cause}, {"background", lost.background}});
    }
    lost_requests_.clear();
  }
  if (on_drained_) std::exchange(on_drained_, nullptr)();
}

void Pool::end_generation(const char* why, base::Nanos earliest) {
  if (!host_) return;
  std::unique_ptr<Host> ended = std::move(host_);
  {
    std::lock_guard lock(mutex_);
    generation_ = nullptr;
    open_ = false;
    counts_.host_pid = 0;
    if (!ending_) {
      counts_.restarts[Restart::kCrash] += ended->generation->present_workers();
      for (uint64_t& restarts : restarts_) ++restarts;
    }
    lost_requests_.clear();
    for (uint32_t slot : ended->generation->slots_by_age()) {
      SlotState state = ended->generation->channel().claim(slot).state;
      bool wanted = state == SlotState::kRunning && ended->generation->job(slot) != nullptr;
      if (!wanted && state != SlotState::kFinished) continue;
      lost_requests_.push_back(ended->generation->label(slot));
    }
  }
  ended->link.reset();
  ended_pid_ = ended->pid;
  if (finish_by_ != 0) finish_by_ = std::min(finish_by_, base::monotonic_now());
  on_each_loop([generation = ended->generation](Dispatcher& dispatcher) {
    dispatcher.bury_generation(generation);
  });
  if (is_reloaded(*ended)) end_reload(ended->failure.empty() ? why : ended->failure);
  if (ending_) return;
  if (!ended->ready && on_failed_) {
    fail_start("the worker host ended before it was ready");
    return;
  }
  log_.warn("starting a new worker generation", {{"because", std::string_view(why)}});
  const bool while_starting = !ended->ready || (runs_script() && !ended->announced);
  if (while_starting) {
    ++failed_generations_;
    if (is_last_start(*ended)) return;
    base::Nanos delay =
        std::min(kShortestBackoff << std::min(failed_generations_, 16u), kLongestBackoff);
    earliest = std::max(earliest, base::monotonic_now() + delay);
  }
  succeed(earliest);
}

void Pool::succeed(base::Nanos earliest) {
  if (next_) {
    serve_with(std::move(next_));
    return host_->greeted ? on_worker_ready(*host_) : say_hello(*host_);
  }
  if (host_requested_) return;
  if (earliest <= base::monotonic_now()) return request_host();
  request_host_at_ = earliest;
}

// --- replacement ---------------------------------------------------------------------------------

void Pool::on_renewal_wanted(Host& host, const ControlMessage& message) {
  // A thread whose script goes on in its loop starts nothing in OPcache.
  const bool can_wait = runs_script() && &host == host_.get();
  if (message.header.status != channel::kTakesNoMore || can_wait) {
    // Also from a script that a retired host still runs: it may have changed code since then.
    renewal_wanted_ = can_wait && message.header.status == channel::kTakesNoMore
                          ? "OPcache is full"
                          : "a script called opcache_reset()";
    return;
  }
  if (is_retired(host)) return;
  if (&host == next_.get()) return drop_next("its OPcache is full");
  log_.warn("starting a new worker generation", {{"because", std::string_view("OPcache is full")}});
  base::Nanos earliest = host.started_at + kShortestGenerationLife;
  retire_host();
  succeed(earliest);
}

void Pool::renew(base::Nanos now) {
  bool busy = !host_ || !host_->ready || next_ || host_requested_ || reload_;
  busy = busy || request_host_at_ != 0;
  if (busy || ending_ || now < renewed_at_ + kRenewalInterval) return;
  const char* why = std::exchange(renewal_wanted_, nullptr);
  log_.info("starting a new worker generation", {{"because", std::string_view(why)}});
  renewed_at_ = now;
  count_renewal(why, now);
  ask_for_scripts();
  request_host();
}

void Pool::take_over() {
  bool ready = next_->adopted && all_alive(*next_);
  if (!ready) return;
  is_reloaded(*next_) ? on_reload_ready() : swap_hosts();
}

void Pool::swap_hosts() {
  {
    std::lock_guard lock(mutex_);
    // Those that do not come back have been counted by their cause.
    const uint32_t stuck = stuck_threads(*host_);
    const uint32_t present = host_->generation->present_workers();
    const Restart cause =
        std::exchange(renewal_for_memory_, false) ? Restart::kMaxMemory : Restart::kOther;
    counts_.restarts[cause] += present - std::min(present, stuck);
    if (is_reloaded(*next_)) options_ = reload_->options;
  }
  retire_host();
  serve_with(std::move(next_));
  host_->announced = true;
  log_.info("the new worker generation serves", {{"pid", int64_t{host_->pid}}});
  if (is_reloaded(*host_)) end_reload("");
}

std::unique_ptr<Pool::Host> Pool::discard_next() {
  std::unique_ptr<Host> dropped = std::move(next_);
  on_each_loop([generation = dropped->generation](Dispatcher& dispatcher) {
    dispatcher.bury_generation(generation);
  });
  return dropped;
}

void Pool::drop_next(const std::string& why) {
  log_.error("a new worker generation cannot start: the old one stays", {{"because", why}});
  std::unique_ptr<Host> dropped = discard_next();
  if (is_reloaded(*dropped)) end_reload(dropped->failure.empty() ? why : dropped->failure);
}

void Pool::retire_host() {
  std::unique_ptr<Host> retired = std::move(host_);
  retired->end_by =
      options_.retirement_limit == 0 ? 0 : base::monotonic_now() + options_.retirement_limit;
  {
    std::lock_guard lock(mutex_);
    take_back_unclaimed(*retired->generation);
    generation_ = nullptr;
    open_ = false;
    counts_.host_pid = 0;
    for (uint64_t& restarts : restarts_) ++restarts;
  }
  // Its workers claim nothing more; its answers still arrive.
  for (uint32_t worker = 0; worker < retired->generation->worker_count(); ++worker) {
    retired->generation->channel().retire(worker,
                                          retired->generation->workers()[worker].incarnation);
  }
  // Its scripts come to their ends, and with the last of them it ends itself.
  if (runs_script()) std::ignore = retired->link->send({.type = ControlType::kFinish});
  retired_.push_back(std::move(retired));
  // The oldest, which may have no limit of its own.
  if (retired_.size() > kMostRetired) retired_.front()->end_by = 1;
}

void Pool::take_back_unclaimed(Generation& generation) {
  std::vector<uint32_t> slots = generation.slots_by_age();
  for (size_t i = slots.size(); i-- > 0;) {  // youngest first, each to the front of the queue
    Job* job = generation.job(slots[i]);
    if (job == nullptr) continue;
    if (!generation.take_back(slots[i])) continue;
    generation.free_now(slots[i]);
    wait_again(*job);
  }
}

// Whether it runs anything but scripts that do not come back. Under the lock.
bool Pool::is_busy(Generation& generation) const {
  for (uint32_t slot = 0; slot < generation.slot_count(); ++slot) {
    if (generation.job(slot) != nullptr) return true;
    if (!generation.in_use(slot)) continue;
    bool stuck = std::ranges::any_of(orphans_, [&](const Orphan& orphan) {
      return orphan.generation == generation.number() && orphan.slot == slot &&
             orphan.stage == Orphan::Stage::kStuck;
    });
    if (!stuck) return true;
  }
  return false;
}

void Pool::end_retired(base::Nanos now) {
  std::erase_if(retired_, [&](const std::unique_ptr<Host>& retired) {
    bool busy;
    {
      std::lock_guard lock(mutex_);
      retired->generation->reclaim();
      busy = runs_script() || is_busy(*retired->generation);
    }
    const bool over = retired->end_by != 0 && now >= retired->end_by;
    if (busy && !retired->gone && !over) return false;
    if (busy && over) log_cut(*retired);
    on_each_loop([generation = retired->generation](Dispatcher& dispatcher) {
      dispatcher.bury_generation(generation);
    });
    return true;  // the end of its control socket ends the host
  });
}

// What it still runs is lost, or cut where it streams.
void Pool::log_cut(Host& retired) {
  std::vector<Generation::Label> cut;
  {
    std::lock_guard lock(mutex_);
    for (uint32_t slot : retired.generation->slots_by_age()) {
      cut.push_back(retired.generation->label(slot));
    }
  }
  log_.warn("an old worker generation is cut off: RELOAD_DRAIN is over",
            {{"pid", int64_t{retired.pid}}, {"requests", uint64_t{cut.size()}}});
  for (const Generation::Label& label : cut) {
    log_.log(base::LogType::kApp, base::LogLevel::kWarn, "request cut with its worker generation",
             {label.request_id, label.trace_id, label.span_id}, {{"request", label.request}});
  }
}

// --- reload --------------------------------------------------------------------------------------

void Pool::reload(PoolOptions options, ReloadDone on_done) {
  start_reload(std::move(options), std::move(on_done), false);
}

void Pool::prepare_reload(PoolOptions options, ReloadDone on_prepared) {
  start_reload(std::move(options), std::move(on_prepared), true);
}

void Pool::start_reload(PoolOptions options, ReloadDone on_done, bool waits_for_commit) {
  if (ending_) return on_done("the server is ending");
  if (reload_) {
    // A restart: it is done after the reload.
    std::ranges::move(reload_->on_done, std::back_inserter(restarts_wanted_));
    discard_reload();
  }
  reload_ = Reload{.options = whole(std::move(options)), .waits_for_commit = waits_for_commit};
  reload_->on_done.push_back(std::move(on_done));
  begin_reload();
}

void Pool::restart(ReloadDone on_done) {
  if (ending_) return on_done("the server is ending");
  restarts_wanted_.push_back(std::move(on_done));
  begin_restart();
}

void Pool::begin_restart() {
  if (restarts_wanted_.empty() || reload_ || on_ready_ || !host_) return;
  reload_ = Reload{.options = options_, .settings = HostSettings::kInUse};
  reload_->on_done.swap(restarts_wanted_);
  begin_reload();
}

void Pool::on_reload_ready() {
  if (!reload_->waits_for_commit) {
    if (next_) return swap_hosts();
    return end_reload("");
  }
  if (reload_->prepared) return;
  reload_->prepared = true;
  if (next_) next_->end_by = 0;
  for (const ReloadDone& done : std::exchange(reload_->on_done, {})) done("");
}

void Pool::commit_reload() {
  // It may serve already, when the old one has died meanwhile.
  next_ ? swap_hosts() : end_reload("");
}

void Pool::cancel_reload() {
  if (reload_ && reload_->settings == HostSettings::kNext) discard_reload();
}

void Pool::discard_reload() {
  if (next_ && is_reloaded(*next_)) discard_next();
  if (host_ && is_reloaded(*host_)) renewal_wanted_ = "a reload was given up";
  if (host_requested_ && reload_->generation != 0) {
    unwanted_generation_ = reload_->generation;
    host_requested_ = false;
  }
  reload_.reset();
}

// Again in every tick, until the answer to an earlier request for a host is here.
void Pool::begin_reload() {
  if (reload_->generation != 0 || host_requested_) return;
  if (next_) {
    log_.info("a reload takes the place of the worker generation that was starting");
    discard_next();
  }
  renewal_wanted_ = nullptr;
  request_host_at_ = 0;
  host_requested_ = true;
  reload_->generation = next_generation_++;
  ask_for_scripts();
  starter_.start_host(reload_->generation, reload_->settings);
}

bool Pool::is_reloaded(const Host& host) const {
  return reload_ && reload_->generation == host.generation->number();
}

void Pool::end_reload(const std::string& failure) {
  Reload ended = std::move(*reload_);
  reload_.reset();
  if (failure.empty()) {
    std::lock_guard lock(mutex_);
    options_ = ended.options;
  }
  for (const ReloadDone& done : ended.on_done) done(failure);
}

// --- drain ---------------------------------------------------------------------------------------

void Pool::drain(std::function<void()> on_done) {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  on_drained_ = std::move(on_done);
  if (next_) drop_next("the server ends");
  if (reload_) end_reload("the server is ending");
  for (const ReloadDone& done : std::exchange(restarts_wanted_, {})) done("the server is ending");
  finish_drain();
}

void Pool::finish_drain() {
  const base::Nanos now = base::monotonic_now();
  if (!host_ && request_host_at_ == 0 && retired_.empty() && !host_requested_) {
    // The end of a process may never be reported: it can hang where no signal reaches it.
    if (finish_by_ == 0) finish_by_ = now + kFinishGrace;
    if (ended_pid_ == 0 || now >= finish_by_ + kFinishGrace) std::exchange(on_drained_, nullptr)();
    return;
  }
  if (finish_by_ != 0 || !host_) return;
  {
    std::lock_guard lock(mutex_);
    generation_->reclaim();
    if (!waiting_.empty() || generation_->used_slots() > 0) return;
  }
  for (uint32_t worker = 0; worker < generation_->worker_count(); ++worker) {
    generation_->channel().retire(worker, generation_->workers()[worker].incarnation);
  }
  std::ignore = host_->link->send({.type = ControlType::kFinish});
  finish_by_ = now + (runs_script() ? kScriptFinishGrace : kFinishGrace);
}

}  // namespace howdah::pool

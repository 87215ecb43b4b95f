#include "php/worker_set.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "channel/control.h"

namespace howdah::php {
namespace {

bool is_lane(const std::unique_ptr<WorkerSet::Worker>& record) {
  return record->number != channel::kNoWorker;
}

}  // namespace

base::Result<std::unique_ptr<WorkerSet>> WorkerSet::create(channel::SharedRegions& regions,
                                                           FrontLink& link, int signals,
                                                           const WorkerScript* script) {
  std::unique_ptr<WorkerSet> set(new WorkerSet(regions, link, signals, script));
  size_t size = (channel::kMaxWorkers + 1) * sizeof(WorkerNote);
  void* notes = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (notes == MAP_FAILED) return base::fail_errno("mmap");
  set->notes_ = channel::Mapping(notes, size);
  if (script != nullptr && script->mode == WorkerMode::kSnapshot) {
    auto lanes = SnapshotLanes::create();
    if (!lanes) return base::fail(lanes.error());
    set->snapshot_ = std::move(*lanes);
  }
  if (auto status = set->prepare(); !status) return base::fail(status.error());
  return set;
}

WorkerSet::~WorkerSet() = default;

bool WorkerSet::done() const {
  return std::ranges::all_of(workers_, [](const auto& each) { return each->lost; });
}

WorkerSet::Worker* WorkerSet::find(uint32_t worker, uint32_t incarnation) {
  for (auto& record : workers_) {
    if (record->number == worker && record->incarnation == incarnation) return record.get();
  }
  return nullptr;
}

void WorkerSet::spawn(SpawnOrder order) {
  auto record = std::make_unique<Worker>();
  record->number = order.worker;
  record->incarnation = order.incarnation;
  channel::ControlHeader header{.type = channel::ControlType::kSpawned,
                                .worker = order.worker,
                                .incarnation = order.incarnation};
  base::Status status = base::fail({base::ErrorKind::kProtocol, 0, "no such worker"});
  if (order.worker < regions_.requests().worker_limit) {
    note_of(order.worker)->ready.store(WorkerNote::kNone, std::memory_order_relaxed);
    status = start(*record, std::move(order));
  }
  if (!status) {
    link_.send({.type = channel::ControlType::kLine,
                .worker = header.worker,
                .incarnation = header.incarnation},
               "a worker could not be started: " + status.error().message());
    header.type = channel::ControlType::kExited;
    header.status = kSpawnFailedStatus;
    link_.send(header);
    return;
  }
  header.pid = process_of(*record);
  workers_.push_back(std::move(record));
  link_.send(header);
}

int WorkerSet::process_of(const Worker& record) const {
  if (!snapshot_) return record.pid;
  auto found = std::ranges::find_if_not(workers_, is_lane);
  return found == workers_.end() ? 0 : (*found)->pid;
}

void WorkerSet::report_line(const Worker& record, std::string_view line) {
  link_.send({.type = channel::ControlType::kLine,
              .worker = record.number,
              .incarnation = record.incarnation},
             line);
}

void WorkerSet::report_note(const Worker& record) {
  WorkerNote* note = note_of(record.number);
  if (note->ready.load(std::memory_order_acquire) != WorkerNote::kInterrupted) return;
  // The worker may scribble: never read past the array.
  note->ready.store(WorkerNote::kReported, std::memory_order_relaxed);
  std::string_view text(note->text, strnlen(note->text, sizeof note->text));
  link_.send({.type = channel::ControlType::kYielded,
              .worker = record.number,
              .incarnation = record.incarnation,
              .pid = record.pid},
             text);
}

std::string_view WorkerSet::boot_failure(const Worker& record) const {
  const WorkerNote* note = snapshot_ ? template_note() : note_of(record.number);
  if (note->ready.load(std::memory_order_acquire) != WorkerNote::kBootFailed) return {};
  return {note->text, strnlen(note->text, sizeof note->text)};
}

void WorkerSet::report_exit(Worker& record, int status) {
  record.output.drain([&](std::string_view line) { report_line(record, line); });
  report_note(record);
  link_.send({.type = channel::ControlType::kExited,
              .worker = record.number,
              .incarnation = record.incarnation,
              .pid = record.pid,
              .status = status},
             boot_failure(record));
  if (snapshot_) snapshot_->remove(record.number, record.incarnation);
  std::erase_if(workers_, [&](const auto& each) { return each.get() == &record; });
}

void WorkerSet::finish() {
  finishing_ = true;
  if (snapshot_ && std::ranges::none_of(workers_, is_lane)) snapshot_->end_template();
}

void WorkerSet::kill(uint32_t worker, uint32_t incarnation, base::Nanos) {
  Worker* record = find(worker, incarnation);
  if (record == nullptr) return;
  snapshot_ ? kill_lane(*record) : kill_worker(*record);
}

void WorkerSet::interrupt(uint32_t worker, uint32_t incarnation) {
  Worker* record = find(worker, incarnation);
  if (record == nullptr) return;
  base::Nanos now = base::monotonic_now();
  note_of(worker)->ready.store(WorkerNote::kNone, std::memory_order_relaxed);
  record->interrupt_until = now + kInterruptLimit;
  record->next_interrupt = now;
  on_time(now);
}

int WorkerSet::time_interval() const {
  int interval = snapshot_ && template_boots() ? kTemplateIntervalMs : -1;
  for (const auto& each : workers_) {
    if (each->look_ticket != 0) return kLookIntervalMs;
    if (each->interrupt_until != 0) interval = kTimeIntervalMs;
  }
  return interval;
}

// The worker may have finished that request meanwhile: the next one must not be signalled.
bool WorkerSet::runs_cancelled_request(const Worker& record) const {
  for (uint32_t slot = 0; slot < regions_.requests().slot_count; ++slot) {
    auto claim = channel::Claim::unpack(regions_.claims().slots[slot].packed.load());
    bool running =
        claim.state == channel::SlotState::kRunning || claim.state == channel::SlotState::kClaimed;
    if (running && claim.worker == record.number && claim.incarnation == record.incarnation) {
      return regions_.slot(slot).cancelled.load() != 0;
    }
  }
  return false;
}

void WorkerSet::on_time(base::Nanos now) {
  if (snapshot_) limit_template(now);
  for (auto& record : workers_) {
    if (record->look_ticket != 0) take_look(*record, now);
    if (record->interrupt_until == 0 || now < record->next_interrupt) continue;
    report_note(*record);
    if (now >= record->interrupt_until || !runs_cancelled_request(*record)) {
      record->interrupt_until = 0;
      continue;
    }
    signal_worker(*record);
    record->next_interrupt = now + kTimeIntervalMs * base::kMillisecond;
  }
}

void WorkerSet::add_pipes(std::vector<pollfd>& polled) const {
  for (const auto& record : workers_) polled.push_back({record->output.fd(), POLLIN, 0});
}

void WorkerSet::read_pipes(const std::vector<pollfd>& polled, size_t first) {
  for (size_t i = first; i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    // Workers may have been reaped since the array was made.
    auto found = std::ranges::find_if(
        workers_, [&](const auto& each) { return each->output.fd() == polled[i].fd; });
    if (found == workers_.end()) continue;
    Worker& record = **found;
    auto forward = [&](std::string_view line) { report_line(record, line); };
    if (record.output.read_some(forward)) continue;
    record.output.drain(forward);
    record.output = LinePipe();
  }
}

}  // namespace howdah::php

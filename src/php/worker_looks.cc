// Where the workers' scripts are: script_stack.h. On the host's thread, which waits for nobody.

#include <algorithm>
#include <cstring>

#include "channel/control.h"
#include "php/kernel_wait.h"
#include "php/worker_set.h"

namespace howdah::php {

void WorkerSet::look(uint32_t worker, uint32_t incarnation, uint32_t ticket) {
  Worker* record = find(worker, incarnation);
  if (record == nullptr) return;
  record->look_ticket = ticket;
  record->look_until = base::monotonic_now() + kStackPatience;
  if (!runs_request(*record, ticket)) return report_look(*record, {});
  StackNote& note = note_of(worker)->stack;
  note.answered.store(0, std::memory_order_relaxed);
  note.wanted.store(ticket, std::memory_order_release);
  bool raised = false;
  with_place(*record, [&](const ScriptPlace& place) { raised = raise_interrupt_of(place); });
  // It may still be seen from outside.
  if (!raised) record->look_until = 0;
}

// The worker may have gone on to another one meanwhile.
bool WorkerSet::runs_request(const Worker& record, uint32_t ticket) const {
  for (uint32_t slot = 0; slot < regions_.requests().slot_count; ++slot) {
    auto claim = channel::Claim::unpack(regions_.claims().slots[slot].packed.load());
    if (claim.ticket != ticket || !channel::runs(claim.state)) continue;
    return claim.worker == record.number && claim.incarnation == record.incarnation;
  }
  return false;
}

void WorkerSet::take_look(Worker& record, base::Nanos now) {
  StackNote& note = note_of(record.number)->stack;
  if (note.answered.load(std::memory_order_acquire) == record.look_ticket) {
    // Its own copy, in bounds: the worker may scribble.
    std::string text(1, '\n');
    text.append(note.text, std::min<size_t>(note.size, sizeof note.text));
    return report_look(record, text);
  }
  if (!runs_request(record, record.look_ticket)) return report_look(record, {});
  if (now < record.look_until) return;
  std::string text = look_from_outside(record);
  // Of another request by now?
  if (!runs_request(record, record.look_ticket)) text.clear();
  report_look(record, text);
}

std::string WorkerSet::look_from_outside(const Worker& record) {
  std::string text;
  with_place(record, [&](const ScriptPlace& place) {
    text = kernel_wait(place.pid, place.tid);
    std::ranges::replace(text, '\n', '?');
    char stack[sizeof StackNote::text];
    size_t size = read_stack(place, stack, sizeof stack);
    text.append("\n").append(stack, size);
  });
  return text;
}

void WorkerSet::report_look(Worker& record, std::string_view text) {
  link_.send({.type = channel::ControlType::kLooked,
              .worker = record.number,
              .incarnation = record.incarnation,
              .ticket = record.look_ticket},
             text);
  record.look_ticket = 0;
  // One that comes to it later writes for nobody.
  note_of(record.number)->stack.wanted.store(0, std::memory_order_relaxed);
}

}  // namespace howdah::php

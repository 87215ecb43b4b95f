#include "net/timer_wheel.h"

#include <bit>

namespace howdah::net {

// The head of a slot's circular list. It never fires: it is not armed on any wheel.
struct TimerWheel::Slot final : Timer {
  void on_timer() override {}
};

Timer::~Timer() {
  if (wheel_ != nullptr) wheel_->cancel(*this);
}

TimerWheel::TimerWheel(base::Nanos now)
    : slots_(std::make_unique<Slot[]>(kSlots)), tick_(static_cast<uint64_t>(now / kTick)) {
  for (uint32_t i = 0; i < kSlots; ++i) slots_[i].next_ = slots_[i].previous_ = &slots_[i];
}

TimerWheel::~TimerWheel() {
  for (uint32_t i = 0; i < kSlots; ++i) {
    while (slots_[i].next_ != &slots_[i]) cancel(*slots_[i].next_);
  }
}

void TimerWheel::link(Timer& list, Timer& timer) {
  timer.previous_ = list.previous_;
  timer.next_ = &list;
  list.previous_->next_ = &timer;
  list.previous_ = &timer;
}

void TimerWheel::unlink(Timer& timer) {
  timer.previous_->next_ = timer.next_;
  timer.next_->previous_ = timer.previous_;
  timer.next_ = timer.previous_ = nullptr;
}

void TimerWheel::arm(Timer& timer, base::Nanos when) {
  if (timer.armed()) cancel(timer);
  uint64_t tick = static_cast<uint64_t>((when + kTick - 1) / kTick);
  if (when < 0 || tick <= tick_) tick = tick_ + 1;
  timer.when_ = static_cast<base::Nanos>(tick) * kTick;
  timer.wheel_ = this;
  uint32_t slot = tick % kSlots;
  link(slots_[slot], timer);
  occupied_[slot / 64] |= uint64_t{1} << slot % 64;
  ++armed_;
}

void TimerWheel::cancel(Timer& timer) {
  if (!timer.armed()) return;
  unlink(timer);
  timer.wheel_ = nullptr;
  --armed_;
  uint32_t slot = static_cast<uint64_t>(timer.when_ / kTick) % kSlots;
  if (slots_[slot].next_ == &slots_[slot]) occupied_[slot / 64] &= ~(uint64_t{1} << slot % 64);
}

// The slot's timers move to a list of this call first, so that what a timer arms or cancels while
// it fires cannot disturb the walk.
int TimerWheel::fire_slot(uint32_t slot, uint64_t until) {
  Slot& list = slots_[slot];
  if (list.next_ == &list) return 0;
  Slot due;
  due.next_ = list.next_;
  due.previous_ = list.previous_;
  due.next_->previous_ = due.previous_->next_ = &due;
  list.next_ = list.previous_ = &list;
  occupied_[slot / 64] &= ~(uint64_t{1} << slot % 64);

  int fired = 0;
  while (due.next_ != &due) {
    Timer& timer = *due.next_;
    unlink(timer);
    if (static_cast<uint64_t>(timer.when_ / kTick) > until) {
      link(list, timer);
      occupied_[slot / 64] |= uint64_t{1} << slot % 64;
      continue;
    }
    timer.wheel_ = nullptr;
    --armed_;
    ++fired;
    timer.on_timer();
  }
  return fired;
}

int TimerWheel::advance(base::Nanos now) {
  uint64_t until = static_cast<uint64_t>(now / kTick);
  if (until <= tick_) return 0;
  if (until - tick_ > kSlots) tick_ = until - kSlots;
  int fired = 0;
  while (tick_ < until) {
    ++tick_;
    fired += fire_slot(tick_ % kSlots, until);
  }
  return fired;
}

base::Nanos TimerWheel::next_due() const {
  if (armed_ == 0) return 0;
  uint64_t first = tick_ + 1;
  uint64_t offset = 0;
  while (offset < kSlots) {
    uint32_t slot = (first + offset) % kSlots;
    uint64_t word = occupied_[slot / 64] >> slot % 64;
    if (word != 0) {
      offset += static_cast<uint64_t>(std::countr_zero(word));
      break;
    }
    offset += 64 - slot % 64;
  }
  return static_cast<base::Nanos>(first + offset) * kTick;
}

}  // namespace howdah::net

#pragma once

// Timeouts of connections and exchanges: very many, nearly all cancelled, none needing precision.
//
// A hashed wheel of kSlots slots of kTick each: arming, re-arming and cancelling are a few pointer
// writes and never allocate. A timer fires up to one tick late, never early.

#include <cstdint>
#include <memory>

#include "base/clock.h"

namespace howdah::net {

class TimerWheel;

// A member of what it times. Destruction cancels it.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer();
  bool armed() const { return next_ != nullptr; }

 protected:
  // May arm, cancel or destroy any timer of the wheel, this one included.
  virtual void on_timer() = 0;

 private:
  friend class TimerWheel;
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  base::Nanos when_ = 0;  // a multiple of TimerWheel::kTick
  TimerWheel* wheel_ = nullptr;
};

// A timer that calls a member function: MemberTimer<Connection, &Connection::on_idle>.
template <class Owner, void (Owner::*kMethod)()>
class MemberTimer final : public Timer {
 public:
  explicit MemberTimer(Owner& owner) : owner_(owner) {}

 private:
  void on_timer() override { (owner_.*kMethod)(); }
  Owner& owner_;
};

class TimerWheel {
 public:
  static constexpr base::Nanos kTick = 10 * base::kMillisecond;
  static constexpr uint32_t kSlots = 4096;

  explicit TimerWheel(base::Nanos now);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Fires `timer` at `when` (monotonic); moves it when it is armed already.
  void arm(Timer& timer, base::Nanos when);
  void cancel(Timer& timer);
  // Fires what is due. Returns how many fired.
  int advance(base::Nanos now);
  // No timer fires before this; 0 = none is armed. May be early.
  base::Nanos next_due() const;
  uint64_t armed() const { return armed_; }

 private:
  struct Slot;
  static constexpr uint32_t kWords = kSlots / 64;

  static void link(Timer& list, Timer& timer);
  static void unlink(Timer& timer);
  int fire_slot(uint32_t slot, uint64_t until);

  std::unique_ptr<Slot[]> slots_;
  uint64_t occupied_[kWords] = {};  // a bit for each slot that holds a timer
  uint64_t tick_ = 0;               // the tick up to which all timers have fired
  uint64_t armed_ = 0;
};

}  // namespace howdah::net

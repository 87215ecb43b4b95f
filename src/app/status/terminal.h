#pragma once

// A terminal for a view that is drawn over and over: its own screen, without an echo, and as it was
// before when this ends.

#include <termios.h>

#include <chrono>
#include <string>
#include <vector>

#include "app/status/status_view.h"
#include "base/fd.h"
#include "base/result.h"

namespace howdah::app {

// On standard input and output, for a program with one thread. Signals that would end the program
// end wait() instead.
class Terminal {
 public:
  // Whether there is a terminal that can be drawn on.
  static bool is_there();

  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // As it is now.
  ScreenSize size() const;
  // Shows these lines and nothing else. Fails when the terminal is gone.
  base::Status draw(const std::vector<std::string>& lines);

  enum class Event {
    kTime,    // the time is over
    kResize,  // it has another size
    kEnd,     // q, Ctrl-C, or a signal to end
  };
  Event wait(std::chrono::milliseconds time);

 private:
  bool read_keys();  // true: one of them means the end

  base::UniqueFd signals_;
  termios before_{};
  bool has_keys_ = false;  // standard input is a terminal and has not ended
};

}  // namespace howdah::app

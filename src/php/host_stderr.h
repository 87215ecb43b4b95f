#pragma once

// The host's own stderr, caught in a pipe that the host itself reads: warnings of PHP's start, and
// in thread mode whatever the workers write there.

#include "php/line_pipe.h"

namespace howdah::php {

class HostStderr {
 public:
  // Descriptors 1 and 2 lead into the pipe from now on. Until started() a full pipe drops what is
  // written: nobody reads it.
  base::Status capture();
  // PHP runs and the pipe is read: writers wait when it is full.
  void started();

  int fd() const { return pipe_.fd(); }
  template <class Take>
  void read_some(Take take) {
    pipe_.read_some(take);
  }
  template <class Take>
  void drain(Take take) {
    pipe_.drain(take);
  }

 private:
  LinePipe pipe_;
};

// A pipe whose read end does not block. Both ends close on exec.
struct Pipe {
  base::UniqueFd read_end;
  base::UniqueFd write_end;
};
base::Result<Pipe> make_line_pipe();
// Descriptors 0, 1 and 2 of this process: /dev/null and twice `output`.
void redirect_stdio(int output);

}  // namespace howdah::php

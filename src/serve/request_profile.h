#pragma once

// The timing headers of one answer (PROFILE=1, X-Profile: 1; docs/profile.md).
//
// Its phases follow one another without a gap from the request's begin to the answer's head, so
// that they add up to the total: parse ends with the submission, the queue with the claim, then
// come the worker's (channel/phases.h), and what is left to this moment is output.

#include <string_view>

#include "base/clock.h"
#include "channel/phases.h"
#include "http/message.h"
#include "serve/answer_head.h"
#include "serve/cgi.h"

namespace howdah::serve {

class RequestProfile {
 public:
  bool on() const { return on_; }
  void stop() { on_ = false; }
  // All times are monotonic.
  void begin(base::Nanos started) {
    on_ = true;
    started_ = started;
    submitted_ = 0;
    known_ = false;
  }
  void submit(base::Nanos now) { submitted_ = now; }
  // From a worker: not believed beyond what the time allows.
  void learn(const channel::PhaseTimes& times) {
    known_ = true;
    times_ = times;
  }
  void add_to(AnswerHead& head, base::Nanos now, http::Version version,
              const ConnectionAddresses& addresses) const;

 private:
  bool on_ = false;
  base::Nanos started_ = 0;
  base::Nanos submitted_ = 0;  // 0: not to PHP
  bool known_ = false;         // times_ are
  channel::PhaseTimes times_{};
};

}  // namespace howdah::serve

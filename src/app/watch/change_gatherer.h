#pragma once

// Many changes at once are one: gathers them until nothing has changed for a moment.

#include <cstdint>
#include <string>
#include <string_view>

#include "app/watch/watch_rules.h"
#include "base/clock.h"

namespace howdah::app {

// What was gathered.
struct Changes {
  Change change = Change::kNone;
  uint64_t sets = 0;   // of all of them
  std::string first;   // the first file of those that `change` is about
  uint32_t files = 0;  // events, of which one file may have had several
};

// Plain state; the caller brings the clock.
class ChangeGatherer {
 public:
  void note(const WatchRules::Match& match, std::string_view path, base::Nanos now);
  // When take() is to be called; 0 = nothing has changed.
  base::Nanos due() const;
  Changes take();

 private:
  Changes changes_;
  base::Nanos first_at_ = 0;
  base::Nanos last_at_ = 0;
};

}  // namespace howdah::app

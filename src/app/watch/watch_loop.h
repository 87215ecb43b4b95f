#pragma once

// What the watching process does: sees changes, gathers them, reports them.

#include <memory>
#include <optional>
#include <string>

#include "app/watch/change_gatherer.h"
#include "app/watch/tree_poll.h"
#include "app/watch/tree_watch.h"
#include "app/watch/watch_plan.h"
#include "app/watch/watch_rules.h"

namespace howdah::app {

// One in the watching process; ends with run().
class WatchLoop {
 public:
  // `socket` goes to the parent; its end is the end of the loop.
  WatchLoop(const WatchPlan& plan, int socket);
  void run();

 private:
  void begin_watching();
  void begin_polling(std::string why);
  void look(base::Nanos now);
  base::Nanos next_due() const;
  // False when the parent is gone.
  bool wait();
  void work(base::Nanos now);
  void work_on_watch(base::Nanos now, bool look_now);
  void report();

  const WatchRules rules_;
  const base::Nanos poll_every_;  // 0 = only if need be
  const int socket_;
  const OnChange on_change_;
  ChangeGatherer gatherer_;
  std::unique_ptr<TreeWatch> watch_;  // one of the two
  std::unique_ptr<TreePoll> poll_;
  base::Nanos look_at_ = 0;  // for changes, or for roots that are missing; 0 = not at all
};

}  // namespace howdah::app

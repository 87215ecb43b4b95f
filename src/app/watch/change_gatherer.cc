#include "app/watch/change_gatherer.h"

#include <algorithm>
#include <utility>

namespace howdah::app {

void ChangeGatherer::note(const WatchRules::Match& match, std::string_view path, base::Nanos now) {
  if (match.change == Change::kNone) return;
  if (changes_.files == 0) first_at_ = now;
  last_at_ = now;
  ++changes_.files;
  changes_.sets |= match.sets;
  if (match.change <= changes_.change) return;
  changes_.change = match.change;
  changes_.first = path;
}

base::Nanos ChangeGatherer::due() const {
  if (changes_.files == 0) return 0;
  return std::min(last_at_ + kWatchQuiet, first_at_ + kWatchLongest);
}

Changes ChangeGatherer::take() { return std::exchange(changes_, {}); }

}  // namespace howdah::app

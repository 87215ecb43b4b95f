#include "base/direct_log_sink.h"

#include <string>

namespace howdah::base {

void DirectLogSink::write_line(std::string_view line) {
  std::lock_guard lock(mutex_);
  bool written = put(lost_.notice());
  if (written) lost_.told();
  if (written && put(line)) return;
  lost_.add(1);
  if (counter_ != nullptr) counter_->add(1);
}

bool DirectLogSink::put(std::string_view line) {
  if (line.empty()) return true;
  // A log that nobody reads must not hold up the one process that ends the others.
  if (!output_.wait_for_room(kPatienceMs)) return false;
  std::string text(divided_ ? "\n" : "");
  text += line;
  size_t done = 0;
  while (done < text.size()) {
    auto written = output_.write_some(std::string_view(text).substr(done));
    if (!written || *written == 0) break;
    done += *written;
  }
  if (done > 0) divided_ = text[done - 1] != '\n';
  return done == text.size();
}

}  // namespace howdah::base

#include "base/lost_lines.h"

namespace howdah::base {

std::string_view LostLines::notice() {
  noted_ = total();
  line_.text.clear();
  if (noted_ != told_) logger_.warn("log lines were lost", {{"lines", noted_ - told_}});
  return line_.text;
}

}  // namespace howdah::base

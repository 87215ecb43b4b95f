#pragma once

// What workers write to their stderr, as lines of the server's log.

#include <string_view>

#include "base/log.h"
#include "pool/generation.h"

namespace howdah::pool {

// One line. A line that is itself a log line, a JSON object with ts, level, type and msg, passes
// through as it is, with the ids of `label` where it has none; any other becomes the message of a
// line of type "error".
void log_stderr_line(const base::Logger& log, std::string_view line, int64_t worker,
                     const Generation::Label& label);

}  // namespace howdah::pool

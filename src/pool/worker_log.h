#pragma once

// What workers say for the log, as lines of the server's log. Nothing of it is believed.

#include <string_view>

#include "base/log.h"
#include "pool/generation.h"
#include "pool/script_stack.h"

namespace howdah::pool {

// One line. A line that is itself a log line, a JSON object with ts, level, type and msg, passes
// through as it is, with the ids of `label` where it has none; any other becomes the message of a
// line of type "error", with a newline for each channel::kLineBreak.
void log_stderr_line(const base::Logger& log, std::string_view line, int64_t worker,
                     const Generation::Label& label);

// A channel::LogRecord, of which `payload` is a private copy: a line of type "app" with the
// record's attributes as its data. A malformed one is dropped.
void log_record(const base::Logger& log, std::string_view payload, const Generation::Label& label);

// SLOW_REQUEST: PHP has run a request for this long, and still does.
void log_slow_request(const base::Logger& log, const Generation::Label& label, uint32_t worker,
                      base::Nanos running_for, const ScriptStack& stack);

base::LogLevel log_level_of(int value);

}  // namespace howdah::pool

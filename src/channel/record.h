#pragma once

// A line for the log with a text and attributes, as an application wants it logged: the payload of
// a kLog frame with the flag kFrameRecord. Level, size of the text, the text, a JSON object.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace howdah::channel {

inline constexpr uint16_t kFrameRecord = 2;

// Stands for a newline inside of what a worker says on stderr, where each line is a message.
inline constexpr char kLineBreak = '\x1e';

struct LogRecord {
  int level = 0;  // a base::LogLevel
  std::string_view text;
  std::string_view attributes;  // a JSON object, unless the worker lies
};

// At most kMaxTextBytes, as much as a frame's payload may have: a text that is too long is cut, and
// attributes that do not fit beside it are replaced by a word about their size.
std::string encode_record(const LogRecord& record);
// Views into `payload`, of which the caller has a copy of its own. Nothing when it is malformed.
std::optional<LogRecord> decode_record(std::string_view payload);

}  // namespace howdah::channel

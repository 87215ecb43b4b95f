#pragma once

// Writing JSON by appending: for log lines, which are hot and hold whatever bytes a client sent.

#include <string>
#include <string_view>

namespace howdah::base {

// Appends `text` as a JSON string with its quotes. Control characters are escaped; bytes that are
// not UTF-8 become U+FFFD each, so that the result is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

// UTF-8 without control characters: nothing that could forge a line or drive a terminal.
bool is_printable(std::string_view text);

}  // namespace howdah::base

#pragma once

// The rules for one complete HTTP/1 request head. Finding its end, and what happens between
// requests, is Http1RequestParser's.

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace howdah::http {

// `line` is the request line without its CRLF. Checks its form, its bytes and the version, but not
// what the target means.
std::optional<Refusal> check_request_line(std::string_view line);

// `line` is a field line without its CRLF: no folding, no control bytes.
std::optional<Refusal> check_field_line(std::string_view line);

// Fills `head` with views into `bytes`: a head with its final empty line, all of whose lines passed
// the checks above. The one target that cannot be a view (absolute, with a query but no path) is
// built in `target_memory` instead. On refusal `head` holds nothing of use.
std::optional<Refusal> parse_head(std::string_view bytes, RequestHead& head,
                                  std::string& target_memory);

}  // namespace howdah::http

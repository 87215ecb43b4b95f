#pragma once

// From a request target to the one path that all of routing looks at, and back for redirects.

#include <expected>
#include <string>
#include <string_view>

#include "http/message.h"

namespace howdah::http {

struct TargetParts {
  std::string_view raw_path;  // as received
  std::string_view query;     // without its "?"
  bool has_query = false;     // "/x?" has an empty one
};

// Cuts a target of any form at its first "?". The views point into `target`.
TargetParts split_target(std::string_view target);

// `target` in origin form. Puts the path into `path`, a buffer of the caller's that is overwritten:
// escapes decoded once, then "." and ".." resolved, never above the root (so "%2e%2e" is no way
// around), and repeated slashes merged. It begins with "/", ends with "/" exactly when a directory
// was asked for, and may hold any byte but NUL. A backslash is an ordinary byte.
// The views point into `target`. Refuses (400) bad escapes, NUL, and a target that is no path.
std::expected<TargetParts, Refusal> decode_target(std::string_view target, std::string& path);

// The second half of that: resolves "." and "..", merges slashes. `path` begins with "/".
void normalise_path(std::string& path);

// A segment of the normalised path begins with a dot; ".well-known" at its front does not count.
bool has_hidden_segment(std::string_view path);

// Appends a decoded path as part of a URI. Begins with exactly one slash, whatever `path` begins
// with, so that it cannot name another host; control bytes are always escaped.
void append_encoded_path(std::string& out, std::string_view path);

}  // namespace howdah::http

#pragma once

// What a client reads when something went wrong and nobody had anything to say about it.

#include <string_view>

namespace howdah::serve {

// The body for a 4xx or 5xx answer without one (CONTRACT section 5), where error_pages.h has none
// for this client. Never empty for those.
std::string_view error_text(int status);

inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

// The Server field of every answer.
inline constexpr std::string_view kServerName = "howdah";

// For Allow: what a path answers to, whether it is a file or PHP's.
inline constexpr std::string_view kFileMethods = "GET, HEAD";
inline constexpr std::string_view kPhpMethods =
    "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY";

}  // namespace howdah::serve

#pragma once

// Entity tags, dates, and the preconditions a client puts on a static file (RFC 9110 8.8 and 13).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace howdah::http {

// Appends a strong entity tag made of both in hexadecimal, with its quotes: "\"1f-65a3b2c1\"".
void append_etag(std::string& out, uint64_t size, int64_t mtime_seconds);

// Seconds since the epoch of an HTTP date in any of its three forms; two-digit years are 1970 to
// 2069. Nothing when it is not a date.
std::optional<int64_t> parse_http_date(std::string_view text);

// What a client may know a file by.
struct Validators {
  std::string_view etag;  // with its quotes
  int64_t last_modified = 0;
  // The content did not change twice in the second that last_modified names (RFC 9110 8.8.2.2).
  bool date_is_strong = false;
};

enum class Precondition : uint8_t {
  kProceed,      // serve it
  kNotModified,  // 304
  kFailed,       // 412
};

// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of RFC
// 9110 13.2.2, for a file that exists. If-Range is not looked at.
Precondition evaluate_preconditions(const RequestHead& head, const Validators& validators);

}  // namespace howdah::http

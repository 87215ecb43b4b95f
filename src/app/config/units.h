#pragma once

// The units that settings are written in. Parsing only: what a value means is the table's business
// (settings.h).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace howdah::app {

// A duration as an operator wrote it. "off" and 0 differ for the few settings to which 0 is a
// length of time like any other.
struct ParsedDuration {
  base::Nanos value = 0;
  bool off = false;
};

// An integer plus `ms s m h d w y`, a bare integer of seconds, or `off`. Nothing for anything else,
// and for more than kLongestDuration.
inline constexpr base::Nanos kLongestDuration = int64_t{100} * 365 * 86400 * base::kSecond;
std::optional<ParsedDuration> parse_duration(std::string_view text);

// An integer plus `k m g` (powers of 1024, any case), or `off` = 0.
std::optional<uint64_t> parse_size(std::string_view text);

// `1 true on yes` and `0 false off no` in any case.
std::optional<bool> parse_boolean(std::string_view text);

// Decimal digits only.
std::optional<uint64_t> parse_integer(std::string_view text);

// With the largest unit that divides it: "2m", "1500ms", "1d".
std::string format_duration(base::Nanos value);
// "64k", "128m", "1000".
std::string format_size(uint64_t bytes);

// Without spaces and tabs at both ends.
std::string_view trim(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace howdah::app

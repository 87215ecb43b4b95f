#pragma once

// What a client says of the media types it takes (RFC 9110 12.5.1), and the weights that it says
// such things with.

#include <string_view>

#include "http/message.h"

namespace howdah::http {

inline constexpr int kHighestWeight = 1000;
inline constexpr int kMalformedWeight = -1;

// The value of "q" in thousandths, or kMalformedWeight (RFC 9110 12.4.2).
int parse_weight(std::string_view text);

// Whether Accept names `media_type` (in lower case) itself, with a weight above 0. A range such as
// "*/*" or "text/*" does not count: everything that asks for data sends one. Several fields count
// as one list, other parameters than "q" do not matter; an element that cannot be read is skipped.
bool accepts_by_name(const RequestHead& head, std::string_view media_type);

}  // namespace howdah::http

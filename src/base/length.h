#pragma once

// Lengths of messages as headers write them.

#include <cstdint>
#include <string_view>

namespace howdah::base {

// A Content-Length (RFC 9110 8.6): digits only, at least one, and no more of them than fit a signed
// number of 64 bits. False: `length` holds nothing of use.
bool parse_length(std::string_view text, uint64_t& length);

}  // namespace howdah::base

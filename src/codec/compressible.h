#pragma once

// Which bodies are worth encoding: CONTRACT section 3, the same for what PHP makes and for files.

#include <cstdint>
#include <string_view>

#include "codec/limits.h"

namespace howdah::codec {

// By the value of Content-Type, in any letter case and whatever its parameters are.
bool is_compressible_type(std::string_view content_type);

// The same of one media type, given in lower case.
bool is_media_type(std::string_view content_type, std::string_view type);

// For a body whose size is known.
constexpr bool is_compressible_size(uint64_t size) {
  return size >= kSmallestBody && size <= kLargestBody;
}

// Whether a comma list of tokens, such as the value of Vary or Cache-Control, holds `token` (in
// lower case). What follows a "=" or ";" in an element does not count.
bool list_holds_token(std::string_view list, std::string_view token);

}  // namespace howdah::codec

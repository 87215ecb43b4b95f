#pragma once

// Content-Type of a static file, by the extension of its name.

#include <string_view>

namespace howdah::http {

// `path` is a file's name or path; its extension counts in any letter case. A literal, ready for
// the field: "text/html; charset=utf-8". "application/octet-stream" for what is not known.
std::string_view content_type_of(std::string_view path);

}  // namespace howdah::http

#pragma once

// Status codes and the words that go with them.

#include <string_view>

namespace howdah::http {

// "Not Found"; empty for a code without a registered phrase.
std::string_view reason_phrase(int status);

}  // namespace howdah::http

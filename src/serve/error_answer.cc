#include "serve/error_answer.h"

#include "http/status.h"

namespace howdah::serve {

std::string_view error_text(int status) {
  if (status == 429) return "429 Too Many Requests";
  if (status == 504) return "504 Gateway Timeout";
  std::string_view phrase = http::reason_phrase(status);
  return phrase.empty() ? "Error" : phrase;
}

}  // namespace howdah::serve

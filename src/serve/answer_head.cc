#include "serve/answer_head.h"

#include "http/chars.h"

namespace howdah::serve {

bool AnswerHead::has(std::string_view name) const {
  bool found = false;
  for_each([&](std::string_view field, std::string_view) {
    if (http::iequals(field, name)) found = true;
  });
  return found;
}

}  // namespace howdah::serve

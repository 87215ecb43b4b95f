#include "http/message.h"

#include <functional>

#include "http/chars.h"

namespace howdah::http {

std::string_view name_of(Version version) {
  switch (version) {
    case Version::kHttp10:
      return "HTTP/1.0";
    case Version::kHttp11:
      return "HTTP/1.1";
    case Version::kHttp2:
      return "HTTP/2.0";
  }
  return {};
}

const Field* RequestHead::find(std::string_view name) const {
  for (const Field& field : fields) {
    if (iequals(field.name, name)) return &field;
  }
  return nullptr;
}

const Field* RequestHead::find_only(std::string_view name) const {
  const Field* only = nullptr;
  for (const Field& field : fields) {
    if (!iequals(field.name, name)) continue;
    if (only != nullptr) return nullptr;
    only = &field;
  }
  return only;
}

void RequestHead::clear() {
  method = target = host = {};
  version = Version::kHttp11;
  fields.clear();
  framing = BodyFraming::kNone;
  content_length = 0;
  keep_alive = expect_continue = false;
}

void RequestHead::rebase(const char* from, size_t size, const char* to) {
  auto move = [&](std::string_view& view) {
    // std::less orders unrelated pointers too; "<" need not.
    std::less<> before;
    if (before(view.data(), from) || !before(view.data(), from + size + 1)) return;
    view = {to + (view.data() - from), view.size()};
  };
  move(method);
  move(target);
  move(host);
  for (Field& field : fields) {
    move(field.name);
    move(field.value);
  }
}

}  // namespace howdah::http

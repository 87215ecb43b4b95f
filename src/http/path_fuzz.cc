// A request target: what is made of it stays below the root, and survives its own encoding.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/path.h"

namespace howdah::http {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view target) {
  std::string path;
  auto parts = decode_target(target, path);
  if (!parts) {
    require(parts.error().status == 400);
    return;
  }
  require(path.starts_with('/'));
  require(path.find('\0') == std::string::npos);
  require(path.find("//") == std::string::npos);
  require((path + "/").find("/../") == std::string::npos);
  require((path + "/").find("/./") == std::string::npos);
  require(parts->raw_path.size() + parts->query.size() <= target.size());

  std::string encoded, again;
  append_encoded_path(encoded, path);
  require(!encoded.starts_with("//"));
  require(decode_target(encoded, again).has_value() && again == path);
}

}  // namespace
}  // namespace howdah::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  howdah::http::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

// The first bytes of a connection from a trusted proxy: a verdict, once given, does not change with
// the bytes that follow.

#include <cstdint>
#include <cstdlib>

#include "net/proxy_header.h"

namespace howdah::net {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view input) {
  ProxyHeaderState last = ProxyHeaderState::kNeedMore;
  size_t size = 0;
  for (size_t given = 0; given <= input.size(); ++given) {
    ProxyHeader header;
    ProxyHeaderState state = parse_proxy_header(input.substr(0, given), header);
    if (last != ProxyHeaderState::kNeedMore) require(state == last);
    if (state == ProxyHeaderState::kComplete) {
      require(header.size > 0 && header.size <= given && header.size <= kMaxProxyBlock);
      require(size == 0 || header.size == size);
      size = header.size;
    }
    last = state;
    // Verdicts stand; a few bytes more show it.
    if (last != ProxyHeaderState::kNeedMore && given > size + 8) return;
  }
}

}  // namespace
}  // namespace howdah::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  howdah::net::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

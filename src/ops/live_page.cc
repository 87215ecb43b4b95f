#include "ops/live_page.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/random.h"

namespace howdah::ops {
namespace {

constexpr std::string_view kPlaceholder = "@NONCE@";

std::string make_nonce() {
  uint64_t bits[2];
  base::kernel_random(bits, sizeof bits);
  std::string nonce(32, '0');
  base::put_hex64(bits[0], nonce.data());
  base::put_hex64(bits[1], nonce.data() + 16);
  return nonce;
}

}  // namespace

LivePage make_live_page() {
  const std::string nonce = make_nonce();
  LivePage page;
  std::string_view rest = kLivePage;
  for (size_t at; (at = rest.find(kPlaceholder)) != rest.npos;) {
    page.html.append(rest.substr(0, at)).append(nonce);
    rest.remove_prefix(at + kPlaceholder.size());
  }
  page.html.append(rest);
  page.policy = fmt::format(
      "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; connect-src 'self'; "
      "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      nonce);
  return page;
}

}  // namespace howdah::ops

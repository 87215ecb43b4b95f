#include "ops/internal_access.h"

#include "net/ip_address.h"

namespace howdah::ops {
namespace {

constexpr std::string_view kBearer = "Bearer ";

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_own_host(std::string_view host, const InternalAccess& access) {
  std::string_view name = without_port(host);
  if (name == "localhost" || (!name.empty() && name == without_port(access.address))) return true;
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return net::parse_ip(name).has_value();
}

// Takes as long for a wrong token as for the right one.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned char difference = given.size() != secret.size();
  for (size_t i = 0; i < secret.size(); ++i) {
    char other = i < given.size() ? given[i] : '\0';
    difference |= static_cast<unsigned char>(other ^ secret[i]);
  }
  return difference == 0;
}

Page refused(int status, std::string_view why) {
  return {.status = status, .body = R"({"error":")" + std::string(why) + R"("})"};
}

}  // namespace

std::optional<Page> refuse_post(const PostOrigin& post, const InternalAccess& access) {
  if (post.from_web_page) return refused(403, "a web page may not ask for this");
  if (!is_own_host(post.host, access)) return refused(403, "the Host is not this server");
  if (access.token.empty()) {
    if (post.loopback) return std::nullopt;
    return refused(403, "without INTERNAL_TOKEN only this machine may ask for this");
  }
  bool bearer = post.authorization.starts_with(kBearer);
  if (bearer && same_secret(post.authorization.substr(kBearer.size()), access.token)) {
    return std::nullopt;
  }
  return refused(401, "needs Authorization: Bearer and the INTERNAL_TOKEN");
}

}  // namespace howdah::ops

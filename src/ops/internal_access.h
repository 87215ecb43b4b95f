#pragma once

// Who may change something through the internal server (CONTRACT section 7).

#include <optional>
#include <string>
#include <string_view>

#include "ops/internal_pages.h"

namespace howdah::ops {

// Of a POST, as the client sent it.
struct PostOrigin {
  bool loopback = false;       // from this machine
  bool from_web_page = false;  // has an Origin field
  std::string_view host;       // the Host field
  std::string_view authorization;
};

// What the client is told instead; nothing: it may. With a token the token is needed, without one
// the client must be on this machine. A browser on this machine is the client of every page that
// it shows: an Origin, or a Host that is a name which anybody could have pointed here, is refused.
std::optional<Page> refuse_post(const PostOrigin& post, const InternalAccess& access);

}  // namespace howdah::ops

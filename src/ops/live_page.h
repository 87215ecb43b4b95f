#pragma once

// GET /: the live page, one HTML file that is built into the program (page/index.html).

#include <string>
#include <string_view>

namespace howdah::ops {

// As it stands in the tree: the only scripts and styles that a browser runs are those that carry
// the nonce of this answer.
extern const std::string_view kLivePage;

struct LivePage {
  std::string html;
  std::string policy;  // its Content-Security-Policy
};
// With a nonce of its own, each time.
LivePage make_live_page();

}  // namespace howdah::ops

#include "ops/live_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace howdah::ops {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LivePage, RunsOnlyWhatCarriesTheNonceOfItsAnswer) {
  LivePage page = make_live_page();
  size_t at = page.policy.find("'nonce-") + 7;
  std::string nonce = page.policy.substr(at, page.policy.find('\'', at) - at);
  EXPECT_EQ(nonce.size(), 32U);
  EXPECT_THAT(page.html, HasSubstr("<script nonce=\"" + nonce + "\">"));
  EXPECT_THAT(page.html, HasSubstr("<style nonce=\"" + nonce + "\">"));
  EXPECT_THAT(page.html, Not(HasSubstr("@NONCE@")));
  EXPECT_THAT(page.policy, Not(HasSubstr("unsafe")));
  EXPECT_NE(page.policy, make_live_page().policy);
}

TEST(LivePage, MakesNoMarkupOfData) {
  for (const char* way : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                          "Function(", "http://", "//cdn"}) {
    std::string text(kLivePage);
    // The one address in it is the name of SVG.
    if (size_t svg = text.find("http://www.w3.org/2000/svg"); svg != text.npos) text.erase(svg, 26);
    EXPECT_THAT(text, Not(HasSubstr(way)));
  }
}

}  // namespace
}  // namespace howdah::ops

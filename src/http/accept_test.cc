#include "http/accept.h"

#include <gtest/gtest.h>

namespace howdah::http {
namespace {

bool takes_html(std::initializer_list<std::string_view> values) {
  RequestHead head;
  head.fields.push_back({"X-Accept", "text/html"});
  for (std::string_view value : values) head.fields.push_back({"accept", value});
  return accepts_by_name(head, "text/html");
}

TEST(AcceptsByName, TakesTheNameInAnyPlaceAndLetterCase) {
  EXPECT_TRUE(takes_html({"text/html"}));
  EXPECT_TRUE(takes_html({"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}));
  EXPECT_TRUE(takes_html({"application/json, \tTEXT/Html ; q=0.001"}));
  EXPECT_TRUE(takes_html({"application/json", "text/html"}));
  EXPECT_TRUE(takes_html({"text/html;level=1;q=0.5"}));
  EXPECT_TRUE(takes_html({"a/b;x=\"text/plain, \\\" ;q=0\", text/html"}));
}

TEST(AcceptsByName, WantsTheNameItself) {
  for (std::string_view value :
       {"", "*/*", "text/*", "text/plain", "text/htmlx", "text/html+xml", "application/json",
        "a/b;x=\"text/html\"", "a/b;x=\", text/html,\"", ",;,"}) {
    EXPECT_FALSE(takes_html({value})) << value;
  }
  EXPECT_FALSE(takes_html({}));
}

TEST(AcceptsByName, ZeroIsARefusal) {
  for (std::string_view value : {"text/html;q=0", "text/html; q=0.000", "text/html;Q=0, */*",
                                 "text/html;q=", "text/html;q=2", "text/html;level=1;q=0"}) {
    EXPECT_FALSE(takes_html({value})) << value;
  }
}

}  // namespace
}  // namespace howdah::http

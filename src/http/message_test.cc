#include "http/message.h"

#include <gtest/gtest.h>

#include <string>

namespace howdah::http {
namespace {

TEST(RequestHead, FindsTheFirstFieldInAnyLetterCase) {
  RequestHead head;
  head.fields = {{"Accept", "1"}, {"X-a", "2"}, {"x-A", "3"}};
  ASSERT_NE(head.find("X-A"), nullptr);
  EXPECT_EQ(head.find("X-A")->value, "2");
  EXPECT_EQ(head.find("X"), nullptr);
}

TEST(RequestHead, FindsAFieldThatMayComeOnlyOnce) {
  RequestHead head;
  head.fields = {{"Accept", "1"}, {"X-a", "2"}, {"x-A", "3"}};
  ASSERT_NE(head.find_only("ACCEPT"), nullptr);
  EXPECT_EQ(head.find_only("ACCEPT")->value, "1");
  EXPECT_EQ(head.find_only("X-A"), nullptr);
  EXPECT_EQ(head.find_only("X"), nullptr);
}

TEST(RequestHead, RebaseMovesViewsOfTheOldMemoryAlone) {
  std::string old_bytes = "GET name value";
  std::string new_bytes = old_bytes;
  std::string_view view = old_bytes;
  RequestHead head;
  head.method = view.substr(0, 3);
  head.target = "/";  // a literal, as an absolute target without a path has it
  const char* literal = head.target.data();
  head.fields = {{view.substr(4, 4), view.substr(9)}};
  head.rebase(old_bytes.data(), old_bytes.size(), new_bytes.data());
  EXPECT_EQ(head.method.data(), new_bytes.data());
  EXPECT_EQ(head.fields[0].name.data(), new_bytes.data() + 4);
  EXPECT_EQ(head.fields[0].value, "value");
  EXPECT_EQ(head.fields[0].value.data(), new_bytes.data() + 9);
  EXPECT_EQ(head.target.data(), literal);
}

TEST(Version, IsNamedAsServerProtocolSaysIt) {
  EXPECT_EQ(name_of(Version::kHttp10), "HTTP/1.0");
  EXPECT_EQ(name_of(Version::kHttp11), "HTTP/1.1");
  EXPECT_EQ(name_of(Version::kHttp2), "HTTP/2.0");
}

}  // namespace
}  // namespace howdah::http

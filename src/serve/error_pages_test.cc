#include "serve/error_pages.h"

#include <gtest/gtest.h>

namespace howdah::serve {
namespace {

using enum base::ContentCoding;

const base::CodingList kAll{{kBrotli, kZstd, kGzip}, 3};

TEST(ErrorPages, AreFoundByTheirStatus) {
  std::vector<ErrorPage> pages = {{404, "<p>gone"}, {503, "<p>busy"}};
  ErrorPages loaded(pages, kAll);
  ASSERT_NE(loaded.find(503), nullptr);
  EXPECT_EQ(loaded.find(503)->body(kIdentity), "<p>busy");
  EXPECT_EQ(loaded.find(500), nullptr);
}

TEST(ErrorPages, AreEncodedWhenThatMakesThemSmaller) {
  std::vector<ErrorPage> pages = {{404, std::string(4000, 'x')}, {500, std::string(200, 'x')}};
  ErrorPages loaded(pages, {{kGzip}, 1});
  const auto* large = loaded.find(404);
  EXPECT_TRUE(large->encoded());
  EXPECT_EQ(large->body(kGzip).substr(0, 2), "\x1f\x8b");
  EXPECT_LT(large->body(kGzip).size(), 400u);
  EXPECT_EQ(large->body(kBrotli), "");
  EXPECT_FALSE(loaded.find(500)->encoded());
  EXPECT_FALSE(ErrorPages(pages, {}).find(404)->encoded());
}

}  // namespace
}  // namespace howdah::serve

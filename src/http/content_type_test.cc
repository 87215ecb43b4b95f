#include "http/content_type.h"

#include <gtest/gtest.h>

namespace howdah::http {
namespace {

TEST(ContentType, GoesByTheExtensionOfTheName) {
  EXPECT_EQ(content_type_of("/a/index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("x.CSS"), "text/css; charset=utf-8");
  EXPECT_EQ(content_type_of("x.min.js"), "application/javascript; charset=utf-8");
  EXPECT_EQ(content_type_of("x.json"), "application/json; charset=utf-8");
  EXPECT_EQ(content_type_of("x.svg"), "image/svg+xml; charset=utf-8");
  EXPECT_EQ(content_type_of("x.png"), "image/png");
  EXPECT_EQ(content_type_of("x.woff2"), "font/woff2");
  EXPECT_EQ(content_type_of("x.3g2"), "video/3gpp2") << "first of the table";
  EXPECT_EQ(content_type_of("x.zst"), "application/zstd") << "last of the table";
}

TEST(ContentType, IsBytesForWhatIsNotKnown) {
  for (const char* path :
       {"", "/a.html/b", "noext", "x.", "x.zzz", "x.averyveryverylongextension"}) {
    EXPECT_EQ(content_type_of(path), "application/octet-stream") << path;
  }
}

}  // namespace
}  // namespace howdah::http

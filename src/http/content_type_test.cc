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
}

TEST(ContentType, PrefersOursToTheSystems) {
  EXPECT_EQ(content_type_of("x.mjs"), "application/javascript; charset=utf-8");
  EXPECT_EQ(content_type_of("x.webmanifest"), "application/manifest+json");
  EXPECT_EQ(content_type_of("x.ts"), "video/mp2t");
  EXPECT_EQ(content_type_of("x.3g2"), "video/3gpp2");
  EXPECT_EQ(content_type_of("x.c"), "text/plain; charset=utf-8");
  EXPECT_EQ(content_type_of("x.ico"), "image/x-icon");
}

TEST(ContentType, KnowsWhatTheSystemKnows) {
  EXPECT_EQ(content_type_of("x.odt"), "application/vnd.oasis.opendocument.text");
  EXPECT_EQ(content_type_of("x.zst"), "application/zstd");
  EXPECT_EQ(content_type_of("x.ics"), "text/calendar; charset=utf-8");
  EXPECT_EQ(content_type_of("x.a2l"), "application/A2L");
  EXPECT_EQ(content_type_of("x.zmm"), "application/vnd.HandHeld-Entertainment+xml");
}

TEST(ContentType, IsBytesForWhatIsNotKnown) {
  for (const char* path :
       {"", "/a.html/b", "noext", "x.", "x.zzz", "x.averyveryverylongextension"}) {
    EXPECT_EQ(content_type_of(path), "application/octet-stream") << path;
  }
}

}  // namespace
}  // namespace howdah::http

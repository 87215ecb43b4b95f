#include "codec/compressible.h"

#include <gtest/gtest.h>

namespace howdah::codec {
namespace {

TEST(Compressible, KnowsTheTypesOfTheContract) {
  for (const char* type :
       {"text/html", "text/css", "text/plain", "text/xml", "text/javascript",
        "application/javascript", "application/json", "application/xml", "application/xhtml+xml",
        "application/rss+xml", "application/atom+xml", "application/manifest+json",
        "application/ld+json", "application/wasm", "application/vnd.ms-fontobject", "image/svg+xml",
        "font/ttf", "font/otf"}) {
    EXPECT_TRUE(is_compressible_type(type)) << type;
  }
  for (const char* type : {"", "text", "text/", "text/event-stream", "text/csv", "image/png",
                           "font/woff2", "application/octet-stream", "text/htmlx", "xtext/html"}) {
    EXPECT_FALSE(is_compressible_type(type)) << type;
  }
}

TEST(Compressible, LooksAtTheTypeAlone) {
  EXPECT_TRUE(is_compressible_type("Text/HTML;charset=UTF-8"));
  EXPECT_TRUE(is_compressible_type(" text/html ; charset=UTF-8"));
  EXPECT_FALSE(is_compressible_type("image/png; text/html"));
  EXPECT_FALSE(is_compressible_type("text/html, text/css"));
}

TEST(Compressible, TakesSizesFromAQuarterKilobyteToThreeMegabytes) {
  EXPECT_FALSE(is_compressible_size(255));
  EXPECT_TRUE(is_compressible_size(256));
  EXPECT_TRUE(is_compressible_size(3 << 20));
  EXPECT_FALSE(is_compressible_size((3 << 20) + 1));
}

TEST(ListHoldsToken, FindsAWholeElementInAnyLetterCase) {
  EXPECT_TRUE(list_holds_token("Cookie, Accept-Encoding", "accept-encoding"));
  EXPECT_TRUE(list_holds_token("ACCEPT-encoding", "accept-encoding"));
  EXPECT_TRUE(list_holds_token("public,\tno-transform ,max-age=1", "no-transform"));
  EXPECT_TRUE(list_holds_token("max-age=1", "max-age"));
  EXPECT_FALSE(list_holds_token("Accept-Encodings", "accept-encoding"));
  EXPECT_FALSE(list_holds_token("x-accept-encoding, accept", "accept-encoding"));
  EXPECT_FALSE(list_holds_token("a=no-transform", "no-transform"));
  EXPECT_FALSE(list_holds_token("", "no-transform"));
  EXPECT_FALSE(list_holds_token(",,", "no-transform"));
}

}  // namespace
}  // namespace howdah::codec

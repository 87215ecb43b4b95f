#include "http/path.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace howdah::http {
namespace {

std::string decoded(std::string_view target) {
  std::string path = "left over";
  auto parts = decode_target(target, path);
  return parts ? path : std::to_string(parts.error().status);
}

TEST(Path, DecodesAndNormalises) {
  const std::pair<const char*, const char*> cases[] = {
      {"/", "/"},
      {"/a/b.php", "/a/b.php"},
      {"/a%20b", "/a b"},
      {"/%C3%a9", "/\xc3\xa9"},
      {"/a+b", "/a+b"},
      {"/%2525", "/%25"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/.", "/a/b/"},
      {"/a/b/../", "/a/"},
      {"/..", "/"},
      {"/../../x", "/x"},
      {"/a/../../x", "/x"},
      {"/%2e%2e/x", "/x"},
      {"/a/%2E./x", "/x"},
      {"/a%2f..%2fx", "/x"},
      {"/a%2fb", "/a/b"},
      {"//a///b//", "/a/b/"},
      {"//", "/"},
      {"/a//../b", "/b"},
      {"/.a/..b/c..", "/.a/..b/c.."},
      {"/...", "/..."},
      {"/a\\..\\b", "/a\\..\\b"},
      {"/%252e%252e/x", "/%2e%2e/x"},
      {"/a?b/../c", "/a"},
      {"/%3f?x", "/?"},
  };
  for (const auto& [target, path] : cases) EXPECT_EQ(decoded(target), path) << target;
}

TEST(Path, RefusesNulAndBadEscapes) {
  for (const char* target :
       {"/%00", "/a%00b", "/%", "/%4", "/%4g", "/%g4", "/a%%20", "*", "", "a"}) {
    EXPECT_EQ(decoded(target), "400") << target;
  }
  EXPECT_EQ(decoded("/a?%00%"), "/a") << "the query is the script's";
}

TEST(Path, KeepsTheQueryAsReceived) {
  std::string path;
  auto parts = decode_target("/a%20b?c=%20?d", path);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->raw_path, "/a%20b");
  EXPECT_EQ(parts->query, "c=%20?d");
  EXPECT_TRUE(parts->has_query);
  EXPECT_TRUE(decode_target("/?", path)->has_query);
  EXPECT_FALSE(decode_target("/", path)->has_query);
}

TEST(Path, CutsTheQueryFromTargetsThatAreNoPath) {
  for (const char* path : {"/%zz", "a", "http://a/b", "*", ""}) {
    const std::string target = std::string(path) + "?q?r";
    TargetParts parts = split_target(target);
    EXPECT_EQ(parts.raw_path, path);
    EXPECT_EQ(parts.query, "q?r");
    EXPECT_EQ(split_target(path).raw_path, path);
    EXPECT_FALSE(split_target(path).has_query);
  }
}

TEST(Path, FindsHiddenSegments) {
  for (const char* hidden : {"/.git/config", "/a/.env", "/.well-knownx", "/a/.well-known/x",
                             "/.well-known/.env", "/.", "/..."}) {
    EXPECT_TRUE(has_hidden_segment(hidden)) << hidden;
  }
  for (const char* plain : {"/", "/a.b", "/.well-known", "/.well-known/acme", "/a./b"}) {
    EXPECT_FALSE(has_hidden_segment(plain)) << plain;
  }
}

TEST(Path, EncodesForRedirectsWithOneLeadingSlash) {
  const std::pair<const char*, const char*> cases[] = {
      {"/a b/", "/a%20b/"},
      {"//evil.example/", "/evil.example/"},
      {"/\\evil", "/%5Cevil"},
      {"/a\r\nb", "/a%0D%0Ab"},
      {"/%?#", "/%25%3F%23"},
      {"/\xc3\xa9", "/%C3%A9"},
      {"///", "/"},
      {"x", "/x"},
      {"/a:b@c", "/a:b@c"},
  };
  for (const auto& [path, expected] : cases) {
    std::string out;
    append_encoded_path(out, path);
    EXPECT_EQ(out, expected) << path;
  }
}

}  // namespace
}  // namespace howdah::http

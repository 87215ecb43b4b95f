#include "app/watch/path_glob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace howdah::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PathGlob glob(std::string_view pattern) {
  auto parsed = PathGlob::parse(pattern, "/srv/app/public");
  EXPECT_TRUE(parsed) << pattern << ": " << parsed.error();
  return parsed ? *parsed : *PathGlob::parse("none", "/");
}

struct Case {
  const char* pattern;
  const char* path;
  bool matches;
};

TEST(PathGlob, MatchesWhatItSays) {
  const Case kCases[] = {
      {"index.php", "/srv/app/public/index.php", true},
      {"index.php", "/srv/app/public/a/index.php", false},
      {"*.php", "/srv/app/public/a.php", true},
      {"*.php", "/srv/app/public/a.php.bak", false},
      {"*.php", "/srv/app/public/b/a.php", false},
      {"*.env", "/srv/app/public/.env", true},
      {"a?c", "/srv/app/public/abc", true},
      {"a?c", "/srv/app/public/ac", false},
      {"*a*b*", "/srv/app/public/xaxxbx", true},
      {"*a*b*", "/srv/app/public/xbxxax", false},
      {"../src/**/*.php", "/srv/app/src/a.php", true},
      {"../src/**/*.php", "/srv/app/src/x/y/a.php", true},
      {"../src/**/*.php", "/srv/app/srcs/a.php", false},
      {"../**", "/srv/app/anything/at/all", true},
      {"./a/./b", "/srv/app/public/a/b", true},
      {"/etc/php.ini", "/etc/php.ini", true},
      {"/etc/php.ini", "/srv/app/public/etc/php.ini", false},
      {"../../../../../../x", "/x", true},
      {"*.{php,twig}", "/srv/app/public/a.twig", true},
      {"*.{php,twig}", "/srv/app/public/a.html", false},
      {"{a,b/{c,d}}/*.php", "/srv/app/public/b/d/x.php", true},
      {"{a,b/{c,d}}/*.php", "/srv/app/public/b/x.php", false},
      {"a{,.b}.php", "/srv/app/public/a.php", true},
      {"**/a/**/b", "/srv/app/public/a/b", true},
      {"**/a/**/b", "/srv/app/public/x/a/y/z/b", true},
      {"**/a/**/b", "/srv/app/public/x/y/b", false},
  };
  for (const Case& one : kCases) {
    EXPECT_EQ(glob(one.pattern).matches(one.path), one.matches) << one.pattern << " " << one.path;
  }
}

TEST(PathGlob, KnowsWhichDirectoriesItLooksInto) {
  const Case kCases[] = {
      {"../src/**/*.php", "/", true},
      {"../src/**/*.php", "/srv/app", true},
      {"../src/**/*.php", "/srv/app/src/x/y", true},
      {"../src/**/*.php", "/srv/app/tests", false},
      {"*.php", "/srv/app/public", true},
      {"*.php", "/srv/app/public/a", false},
      {"*/b/*.php", "/srv/app/public/a", true},
      {"*/b/*.php", "/srv/app/public/a/c", false},
      {"index.php", "/srv/app/public/index.php", false},
  };
  for (const Case& one : kCases) {
    EXPECT_EQ(glob(one.pattern).reaches_below(one.path), one.matches)
        << one.pattern << " " << one.path;
  }
}

TEST(PathGlob, BeginsAtTheDeepestDirectoryThatHoldsAll) {
  EXPECT_EQ(glob("../src/**/*.php").root(), "/srv/app/src");
  EXPECT_EQ(glob("../.env").root(), "/srv/app");
  EXPECT_EQ(glob("../{src,config}/*.php").root(), "/srv/app");
  EXPECT_EQ(glob("{a,ab}/x/*.php").root(), "/srv/app/public");
  EXPECT_EQ(glob("/*").root(), "/");
}

TEST(PathGlob, RefusesWhatMeansNothing) {
  auto wrong = [](std::string_view pattern) {
    auto parsed = PathGlob::parse(pattern, "/srv");
    return parsed ? std::string() : parsed.error();
  };
  EXPECT_THAT(wrong("a/**.php"), HasSubstr("whole segments"));
  EXPECT_THAT(wrong("{a,b"), HasSubstr("without its }"));
  EXPECT_THAT(wrong("a\n"), HasSubstr("not printable"));
  EXPECT_THAT(wrong("a}"), HasSubstr("without its {"));
  EXPECT_THAT(wrong(""), HasSubstr("names no file"));
  EXPECT_THAT(wrong("src/"), HasSubstr("names no file"));
  EXPECT_THAT(wrong(".."), HasSubstr("names no file"));
  EXPECT_THAT(wrong("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"), HasSubstr("too many"));
}

TEST(SplitPatterns, CutsAtCommasOutsideOfBraces) {
  EXPECT_THAT(split_patterns(" a , {b,c}/*.php,,!d "), ElementsAre("a", "{b,c}/*.php", "!d"));
  EXPECT_THAT(split_patterns(" "), IsEmpty());
}

}  // namespace
}  // namespace howdah::app

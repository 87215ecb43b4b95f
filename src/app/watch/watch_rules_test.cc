#include "app/watch/watch_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace howdah::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

WatchSet site_set() {
  return {.base = "/srv/app",
          .web_root = "/srv/app/public",
          .patterns = {"**"},
          .meaning = WatchSet::Meaning::kByName};
}

WatchSet script_set(std::vector<std::string> patterns) {
  return {.base = "/srv/app/public",
          .web_root = "/srv/app/public",
          .patterns = std::move(patterns),
          .meaning = WatchSet::Meaning::kAllCode};
}

WatchRules::Match match(const WatchRules& rules, std::string_view path) {
  return rules.match(rules.reach(path.substr(0, path.rfind('/'))), path);
}

TEST(WatchRules, SaysByTheNameWhatAChangeMeans) {
  const WatchRules rules({.sets = {site_set()}});
  auto change = [&](std::string_view path) { return match(rules, path).change; };
  EXPECT_EQ(change("/srv/app/src/Kernel.php"), Change::kCode);
  EXPECT_EQ(change("/srv/app/.env"), Change::kCode);
  EXPECT_EQ(change("/srv/app/.env.local"), Change::kCode);
  EXPECT_EQ(change("/srv/app/templates/base.html.twig"), Change::kCode);
  EXPECT_EQ(change("/srv/app/config/services.yaml"), Change::kCode);
  EXPECT_EQ(change("/srv/app/php.ini"), Change::kCode);
  EXPECT_EQ(change("/srv/app/public/app.js"), Change::kPage);
  EXPECT_EQ(change("/srv/app/public/index.html"), Change::kPage);
  EXPECT_EQ(change("/srv/app/public/app.css"), Change::kStyles);
  EXPECT_EQ(change("/srv/app/database/database.sqlite"), Change::kNone);
  EXPECT_EQ(change("/srv/app/error.log"), Change::kNone);
  EXPECT_EQ(change("/srv/other/a.php"), Change::kNone);
}

TEST(WatchRules, LeavesOutWhatEditorsPassBy) {
  const WatchRules rules({.sets = {script_set({"../**"})}});
  for (const char* name : {"4913", "a.php~", ".a.php.swp", ".#a.php", "#a.php#", "a.php.tmp",
                           "a.php___jb_tmp___", ".goutputstream-ABC"}) {
    EXPECT_TRUE(is_passing_file(name)) << name;
    EXPECT_EQ(match(rules, std::string("/srv/app/src/") + name).change, Change::kNone) << name;
  }
  EXPECT_EQ(match(rules, "/srv/app/src/a4913.php").change, Change::kCode);
}

TEST(WatchRules, LeavesOutWhatApplicationsWrite) {
  const WatchRules rules({.sets = {site_set(), script_set({"../**/*.php"})}});
  for (const char* folder :
       {"/srv/app/var/cache/dev", "/srv/app/storage/framework/views", "/srv/app/bootstrap/cache",
        "/srv/app/writable/cache", "/srv/app/node_modules/x", "/srv/app/src/node_modules",
        "/srv/app/.git", "/srv/app/src/.idea", "/srv/app/public/wp-content/uploads/2026",
        "/srv/app/public/sites/default/files/php", "/srv/app/tmp"}) {
    EXPECT_THAT(rules.reach(folder), IsEmpty()) << folder;
    EXPECT_EQ(match(rules, std::string(folder) + "/a.php").change, Change::kNone) << folder;
  }
  // The names mean something at the top of a site only.
  for (const char* folder : {"/srv/app/src/cache", "/srv/app/vendor/acme/log", "/srv/app/variable",
                             "/srv/app/bootstrap", "/srv/app/public/wp-content/themes/x"}) {
    EXPECT_EQ(match(rules, std::string(folder) + "/a.php").change, Change::kCode) << folder;
  }
}

TEST(WatchRules, FindsWhatWasNamedInAFolderThatIsElseLeftOut) {
  const WatchRules rules({.sets = {script_set({"../var/lib/**/*.php", "../.config/*.php"})}});
  EXPECT_EQ(match(rules, "/srv/app/var/lib/x/a.php").change, Change::kCode);
  EXPECT_EQ(match(rules, "/srv/app/.config/a.php").change, Change::kCode);
  EXPECT_EQ(match(rules, "/srv/app/var/lib/.git/a.php").change, Change::kNone);
}

TEST(WatchRules, ExcludesWhatBeginsWithAMark) {
  const WatchRules rules({.sets = {script_set({"../src/**/*.php", "!../src/Generated/**"})}});
  EXPECT_EQ(match(rules, "/srv/app/src/a.php").change, Change::kCode);
  EXPECT_EQ(match(rules, "/srv/app/src/Generated/a.php").change, Change::kNone);
}

TEST(WatchRules, NamesTheSetsThatHaveAFile) {
  const WatchRules rules(
      {.sets = {script_set({"../src/*.php"}), script_set({}), script_set({"../{src,lib}/*.php"})}});
  EXPECT_EQ(match(rules, "/srv/app/src/a.php").sets, 0b101U);
  EXPECT_EQ(match(rules, "/srv/app/lib/a.php").sets, 0b100U);
  EXPECT_EQ(match(rules, "/srv/app/lib/a.txt").sets, 0U);
  EXPECT_EQ(rules.match_directory(rules.reach("/srv/app/src")).sets, 0b101U);
  EXPECT_EQ(rules.everything().sets, 0b111U);
  EXPECT_THAT(rules.roots(), ElementsAre("/srv/app/src", "/srv/app"));
}

}  // namespace
}  // namespace howdah::app

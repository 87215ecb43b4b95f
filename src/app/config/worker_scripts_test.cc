#include "app/config/worker_scripts.h"

#include <gtest/gtest.h>

namespace howdah::app {
namespace {

Config with(std::vector<std::vector<std::string>> matches, std::string index_file, bool scripts,
            std::vector<std::string> deny = {}) {
  Config config;
  for (auto& match : matches) config.worker_scripts.push_back({.match = std::move(match)});
  config.index_file = std::move(index_file);
  config.index_scripts = scripts;
  config.php_deny = std::move(deny);
  return config;
}

TEST(ClassicIsReachable, WhereAnyScriptMayBeNamed) {
  EXPECT_TRUE(classic_is_reachable(with({{"/*"}}, "", false)));
  EXPECT_TRUE(classic_is_reachable(with({{"/*"}}, "index.html", false)));
  EXPECT_TRUE(classic_is_reachable(with({{"/*"}}, "index.php", true)));
  EXPECT_FALSE(classic_is_reachable(with({{"/*"}}, "index.php", false)));
}

TEST(ClassicIsReachable, WhereNothingButTheFrontControllerRunsAndSomethingIsLeftForIt) {
  EXPECT_TRUE(classic_is_reachable(with({{"/api/*"}}, "index.php", false)));
  EXPECT_TRUE(classic_is_reachable(with({{"/*", "!/up/*"}}, "index.php", false)));
  EXPECT_TRUE(classic_is_reachable(with({{"/a/*"}, {"/*", "!/b"}}, "index.php", false)));
  EXPECT_FALSE(classic_is_reachable(with({{"/a/*"}, {"/b", "/*"}}, "index.php", false)));
}

TEST(ClassicIsReachable, NotWhereAllIsDenied) {
  EXPECT_FALSE(classic_is_reachable(with({{"/*"}}, "", false, {"/*"})));
  EXPECT_FALSE(classic_is_reachable(with({{"/api/*"}}, "", false, {"/x", "/*"})));
  EXPECT_TRUE(classic_is_reachable(with({{"/*"}}, "", false, {"/up/*"})));
  // INDEX_FILE is no script that a request names.
  EXPECT_TRUE(classic_is_reachable(with({{"/api/*"}}, "index.php", true, {"/*"})));
}

TEST(Pools, AreNumberedByTheirScripts) {
  Config config = with({{"/a/*"}, {"/*"}}, "", false);
  config.worker_scripts[0].given = "a.php";
  EXPECT_EQ(pool_numbers(config), (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(pool_name(config, 0), "classic");
  EXPECT_EQ(pool_name(config, 1), "a.php");
  config.classic_pool = false;
  EXPECT_EQ(pool_numbers(config), (std::vector<uint32_t>{1, 2}));
  config.use_stub = true;
  EXPECT_TRUE(pool_numbers(config).empty());
}

}  // namespace
}  // namespace howdah::app

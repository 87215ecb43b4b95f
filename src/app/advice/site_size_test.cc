#include "app/advice/site_size.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace howdah::app {
namespace {

namespace fs = std::filesystem;

class SiteSizeTest : public ::testing::Test {
 protected:
  SiteSizeTest() {
    char name[] = "/tmp/howdah-site-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~SiteSizeTest() override { fs::remove_all(folder_); }

  void write(const std::string& path, size_t bytes) {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << std::string(bytes, 'x');
  }

  fs::path folder_;
};

TEST_F(SiteSizeTest, CountsWhatPhpRuns) {
  write("index.php", 10);
  write("deep/er/a.php", 5);
  write("style.css", 100);
  write("node_modules/x.php", 100);
  write(".git/x.php", 100);
  fs::create_directory_symlink(folder_, folder_ / "deep/loop");
  SiteSize size = measure_site(folder_.string());
  EXPECT_EQ(size.root, folder_.string());
  EXPECT_EQ(size.php_files, 2u);
  EXPECT_EQ(size.php_bytes, 15u);
}

TEST_F(SiteSizeTest, FindsSettingsOfTheSite) {
  write("public/deep/index.php", 1);
  write("composer.json", 1);
  write(".user.ini", 1);  // above the document root: PHP never looks there
  EXPECT_EQ(measure_site((folder_ / "public").string()).user_ini, "");
  write("public/deep/.user.ini", 1);
  EXPECT_EQ(measure_site((folder_ / "public").string()).user_ini,
            (folder_ / "public/deep/.user.ini").string());
}

TEST_F(SiteSizeTest, TakesTheProjectAroundAPublicFolder) {
  write("public/index.php", 1);
  write("src/a.php", 1);
  EXPECT_EQ(measure_site((folder_ / "public").string()).php_files, 1u);
  write("vendor/autoload.php", 1);
  SiteSize size = measure_site((folder_ / "public").string());
  EXPECT_EQ(size.root, folder_.string());
  EXPECT_EQ(size.php_files, 3u);
}

TEST_F(SiteSizeTest, OfAMissingRootIsNothing) {
  EXPECT_EQ(measure_site((folder_ / "none").string()).php_files, 0u);
}

}  // namespace
}  // namespace howdah::app

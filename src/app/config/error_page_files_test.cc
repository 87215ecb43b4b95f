#include "app/config/error_page_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace howdah::app {
namespace {

namespace fs = std::filesystem;
using serve::ErrorPage;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ErrorPageFiles : public ::testing::Test {
 protected:
  ErrorPageFiles() {
    char name[] = "/tmp/howdah-pages-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~ErrorPageFiles() override { fs::remove_all(folder_); }
  void put(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name) << text;
  }
  FoundErrorPages read() { return read_error_pages(folder_.string()); }

  fs::path folder_;
};

TEST_F(ErrorPageFiles, AreTakenByTheirNames) {
  put("503.html", "busy");
  put("404.html", "gone");
  for (const char* name : {"README.md", "40x.html", "404.htm", "4041.html", "style.css"}) {
    put(name, "x");
  }
  FoundErrorPages found = read();
  EXPECT_THAT(found.pages, ElementsAre(ErrorPage{404, "gone"}, ErrorPage{503, "busy"}));
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_THAT(found.notes, IsEmpty());
}

TEST_F(ErrorPageFiles, OfOtherStatusesAreNamed) {
  put("200.html", "x");
  put("600.html", "x");
  put("400.html", "x");
  put("599.html", "x");
  FoundErrorPages found = read();
  EXPECT_THAT(found.pages, SizeIs(2));
  EXPECT_THAT(found.notes, SizeIs(2));
  EXPECT_THAT(found.notes[0], HasSubstr("00.html is not used: pages are 400.html to 599.html"));
}

TEST_F(ErrorPageFiles, MissingOnesAreNamed) {
  EXPECT_THAT(read().notes, ElementsAre("there is no NNN.html in it"));
  put("file", "");
  EXPECT_THAT(read_error_pages((folder_ / "none").string()).problems,
              ElementsAre("no such directory"));
  EXPECT_THAT(read_error_pages((folder_ / "file").string()).problems,
              ElementsAre("not a directory"));
}

TEST_F(ErrorPageFiles, ThatCannotBeServedAreProblems) {
  put("400.html", "");
  fs::create_directory(folder_ / "401.html");
  fs::create_symlink("nowhere", folder_ / "402.html");
  ASSERT_EQ(::mkfifo((folder_ / "403.html").c_str(), 0600), 0);
  put("500.html", "good");
  FoundErrorPages found = read();
  EXPECT_THAT(found.problems,
              ElementsAre("400.html: empty", "401.html: not a file",
                          "402.html: No such file or directory", "403.html: not a file"));
  EXPECT_THAT(found.pages, SizeIs(1));
}

TEST_F(ErrorPageFiles, HaveALimitTogether) {
  put("404.html", std::string(kMostErrorPageBytes / 2, 'x'));
  put("500.html", std::string(kMostErrorPageBytes / 2, 'x'));
  EXPECT_THAT(read().problems, IsEmpty());
  put("500.html", std::string(kMostErrorPageBytes / 2 + 1, 'x'));
  EXPECT_THAT(read().problems, ElementsAre(HasSubstr(".html: the pages are larger than 1m")));
}

}  // namespace
}  // namespace howdah::app

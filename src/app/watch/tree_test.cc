// Both ways to watch a tree see the same changes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "app/watch/tree_poll.h"
#include "app/watch/tree_watch.h"

namespace howdah::app {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;

enum class Way { kInotify, kPolling };

class WatchTree : public testing::TestWithParam<Way> {
 protected:
  WatchTree() {
    char name[] = "/tmp/howdah-watch-XXXXXX";
    root_ = ::mkdtemp(name);
    fs::create_directories(root_ / "src/deep");
    write("src/a.php", "1");
    write("src/deep/b.php", "1");
  }
  ~WatchTree() override { fs::remove_all(root_); }

  void begin(std::vector<std::string> patterns = {"src/**"}) {
    rules_ = std::make_unique<WatchRules>(WatchPlan{
        .sets = {{.base = root_, .web_root = root_ / "public", .patterns = std::move(patterns)}}});
    OnChange note = [this](const WatchRules::Match&, std::string_view path) {
      changed_.emplace_back(fs::path(path).lexically_relative(root_));
    };
    if (GetParam() == Way::kPolling) {
      poll_ = std::make_unique<TreePoll>(*rules_, note);
      poll_->look();
    } else {
      watch_ = std::make_unique<TreeWatch>(*rules_, note);
      watch_->begin();
      ASSERT_EQ(watch_->failure(), "");
    }
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(root_ / name) << text;
  }
  // What has changed since the last call. Events are there when the call that caused them returns.
  std::vector<std::string> changes() {
    if (poll_) poll_->look();
    if (watch_) {
      watch_->read_events();
      watch_->look_for_roots();
      watch_->read_events();
    }
    return std::exchange(changed_, {});
  }

  fs::path root_;
  std::unique_ptr<WatchRules> rules_;
  std::unique_ptr<TreeWatch> watch_;
  std::unique_ptr<TreePoll> poll_;
  std::vector<std::string> changed_;
};

TEST_P(WatchTree, TellsOfNothingThatWasThereBefore) {
  begin();
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_P(WatchTree, SeesAFileThatIsWritten) {
  begin();
  write("src/deep/b.php", "longer");
  EXPECT_THAT(changes(), Contains("src/deep/b.php"));
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_P(WatchTree, SeesFilesThatComeAndGo) {
  begin();
  write("src/c.php", "1");
  EXPECT_THAT(changes(), Contains("src/c.php"));
  fs::remove(root_ / "src/c.php");
  EXPECT_THAT(changes(), Contains("src/c.php"));
}

TEST_P(WatchTree, SeesAFileThatTakesAnothersPlace) {
  begin();
  write("src/a.php.swp", "2");
  EXPECT_THAT(changes(), IsEmpty());
  fs::rename(root_ / "src/a.php.swp", root_ / "src/a.php");
  EXPECT_THAT(changes(), Contains("src/a.php"));
}

TEST_P(WatchTree, SeesAFileInADirectoryThatIsNew) {
  begin();
  fs::create_directories(root_ / "src/new/newer");
  write("src/new/newer/c.php", "1");
  EXPECT_THAT(changes(), Contains("src/new/newer/c.php"));
  write("src/new/newer/c.php", "longer");
  EXPECT_THAT(changes(), Contains("src/new/newer/c.php"));
}

TEST_P(WatchTree, FollowsADirectoryToItsNewName) {
  begin();
  fs::rename(root_ / "src/deep", root_ / "src/deeper");
  EXPECT_THAT(changes(), Contains("src/deeper/b.php"));
  write("src/deeper/b.php", "longer");
  auto found = changes();
  EXPECT_THAT(found, Contains("src/deeper/b.php"));
  EXPECT_THAT(found, Not(Contains("src/deep/b.php")));
}

TEST_P(WatchTree, LosesADirectoryThatIsMovedAway) {
  begin();
  fs::rename(root_ / "src/deep", root_ / "elsewhere");
  EXPECT_THAT(changes(), Not(IsEmpty()));
  write("elsewhere/b.php", "longer");
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_P(WatchTree, WaitsForARootThatIsNotThere) {
  begin({"later/on/*.php"});
  EXPECT_THAT(changes(), IsEmpty());
  fs::create_directories(root_ / "later/on");
  write("later/on/a.php", "1");
  EXPECT_THAT(changes(), Contains("later/on/a.php"));
  write("later/on/a.php", "longer");
  EXPECT_THAT(changes(), Contains("later/on/a.php"));
}

TEST_P(WatchTree, SeesARootThatIsReplaced) {
  begin();
  fs::create_directories(root_ / "next");
  write("next/new.php", "1");
  fs::rename(root_ / "src", root_ / "old");
  fs::rename(root_ / "next", root_ / "src");
  EXPECT_THAT(changes(), Contains("src/new.php"));
  write("src/new.php", "longer");
  EXPECT_THAT(changes(), Contains("src/new.php"));
}

TEST_P(WatchTree, SeesARootThatIsRemovedAndMadeAgain) {
  begin();
  fs::remove_all(root_ / "src");
  EXPECT_THAT(changes(), Not(IsEmpty()));
  fs::create_directories(root_ / "src");
  write("src/a.php", "2");
  EXPECT_THAT(changes(), Contains("src/a.php"));
}

TEST_P(WatchTree, DoesNotLookIntoWhatIsLeftOut) {
  fs::create_directories(root_ / "src/.git");
  begin();
  write("src/.git/index.php", "1");
  fs::create_directories(root_ / "src/node_modules");
  write("src/node_modules/a.php", "1");
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_P(WatchTree, DoesNotFollowALinkInACircle) {
  fs::create_directory_symlink(root_ / "src", root_ / "src/deep/loop");
  begin();
  write("src/a.php", "longer");
  EXPECT_THAT(changes(), Contains("src/a.php"));
}

// fs.inotify.max_queued_events is 16384 where nobody has changed it.
TEST_P(WatchTree, MissesNothingWhenThereIsTooMuchToTell) {
  begin();
  for (int i = 0; i < 9000; ++i) write("src/" + std::to_string(i) + "x.php", "1");
  fs::create_directories(root_ / "src/late");
  EXPECT_THAT(changes(), Not(IsEmpty()));
  write("src/late/a.php", "1");
  EXPECT_THAT(changes(), Contains("src/late/a.php"));
}

TEST(TreeWatch, SaysWhyItCannotWatch) {
  const WatchRules rules({});
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const TreeWatch watch(rules, nullptr);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(watch.failure(), "inotify: Too many open files");
  EXPECT_EQ(watch.fd(), -1);
}

INSTANTIATE_TEST_SUITE_P(BothWays, WatchTree, testing::Values(Way::kInotify, Way::kPolling),
                         [](const auto& way) {
                           return way.param == Way::kInotify ? "Inotify" : "Polling";
                         });

}  // namespace
}  // namespace howdah::app

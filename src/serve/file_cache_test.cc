#include "serve/file_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "serve/limits.h"

namespace howdah::serve {
namespace {

base::Nanos loop_time = 1000 * base::kSecond;
base::Nanos loop_clock() { return loop_time; }
// Files of the test were changed just now, or long ago.
base::Nanos wall_offset;
base::Nanos wall_clock() { return base::wall_now() + wall_offset; }

class FileCacheTest : public testing::Test {
 protected:
  FileCacheTest() {
    wall_offset = 3600 * base::kSecond;
    char name[] = "/tmp/howdah-cache-XXXXXX";
    folder_ = ::mkdtemp(name);
    begin(Symlinks::kFollow, kFileTrust);
  }
  ~FileCacheTest() override { std::filesystem::remove_all(folder_); }

  void begin(Symlinks symlinks, base::Nanos trust) {
    auto root = DocumentRoot::open(folder_, symlinks);
    ASSERT_TRUE(root);
    cache_.reset();
    root_.emplace(std::move(*root));
    cache_.emplace(*root_, loop_, trust, wall_clock);
  }
  void put(const std::string& name, std::string_view text) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  // In place of the old one, as deployments do.
  void replace(const std::string& name, std::string_view text) {
    put(name + ".new", text);
    std::filesystem::rename(folder_ + "/" + name + ".new", folder_ + "/" + name);
  }
  void set_time(const std::string& name, time_t seconds) {
    timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder_ + "/" + name).c_str(), times, 0), 0);
  }
  void pass(base::Nanos time) {
    loop_time += time;
    loop_.run_pass();
  }
  // What a request for it would read: as the router and then the exchange ask.
  std::string read(const std::string& path) {
    if (cache_->kind_of(path) != FileKind::kFile) return "(no file)";
    auto found = cache_->open(path);
    if (!found) return "(" + std::to_string(found.error().sys_errno) + ")";
    if (!found->fd) return found->file->content;
    return "(descriptor of " + std::to_string(found->file->identity.size) + ")";
  }
  std::string etag(const std::string& path) {
    cache_->kind_of(path);
    auto found = cache_->open(path);
    return found ? found->file->etag : "(none)";
  }
  std::string neighbours(const std::string& path) {
    base::CodingList offered{
        {base::ContentCoding::kBrotli, base::ContentCoding::kZstd, base::ContentCoding::kGzip}, 3};
    cache_->kind_of(path);
    std::string names;
    for (base::ContentCoding coding : cache_->neighbours_of(path, offered)) {
      names.append(names.empty() ? "" : " ").append(base::name_of(coding));
    }
    return names;
  }

  std::string folder_;
  net::EventLoop loop_{0, loop_clock};
  std::optional<DocumentRoot> root_;
  std::optional<FileCache> cache_;
};

TEST_F(FileCacheTest, BelievesWhatItSawForASecond) {
  put("a.txt", "old");
  EXPECT_EQ(read("/a.txt"), "old");
  replace("a.txt", "newer");
  pass(kFileTrust);
  EXPECT_EQ(read("/a.txt"), "old");
  pass(1);
  EXPECT_EQ(read("/a.txt"), "newer");
}

TEST_F(FileCacheTest, UsesNothingOfAReplacedFile) {
  put("a.txt", "old");
  std::string old_tag = etag("/a.txt");
  replace("a.txt", "new content");
  pass(kFileTrust + 1);
  EXPECT_EQ(read("/a.txt"), "new content");
  EXPECT_NE(etag("/a.txt"), old_tag);
  EXPECT_TRUE(etag("/a.txt").starts_with("\"b-"));
}

TEST_F(FileCacheTest, KnowsAReplacedFileOfTheSameSizeAndTime) {
  put("a.txt", "one");
  set_time("a.txt", 1000000000);
  EXPECT_EQ(read("/a.txt"), "one");
  put("b.txt", "two");
  set_time("b.txt", 1000000000);
  std::filesystem::rename(folder_ + "/b.txt", folder_ + "/a.txt");
  pass(kFileTrust + 1);
  EXPECT_EQ(read("/a.txt"), "two");
}

TEST_F(FileCacheTest, ReadsAgainWhatMayHaveChangedWithinTheResolutionOfItsTimes) {
  wall_offset = 0;
  put("a.txt", "one");
  int fd = ::open((folder_ + "/a.txt").c_str(), O_RDWR);
  void* memory = ::mmap(nullptr, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memcpy(memory, "1st", 3);
  EXPECT_EQ(read("/a.txt"), "1st");
  EXPECT_FALSE(cache_->open("/a.txt")->file->settled);
  FileLook before = root_->look_at("/a.txt");
  // A page that is mapped and written to already takes more without a word to the file's times.
  std::memcpy(memory, "2nd", 3);
  EXPECT_EQ(root_->look_at("/a.txt").identity, before.identity);
  pass(kFileTrust + 1);
  EXPECT_EQ(read("/a.txt"), "2nd");
  ::munmap(memory, 3);
  ::close(fd);
}

TEST_F(FileCacheTest, SeesANewFileAtOnce) {
  EXPECT_EQ(cache_->kind_of("/a.txt"), FileKind::kNone);
  put("a.txt", "a");
  EXPECT_EQ(cache_->kind_of("/a.txt"), FileKind::kFile);
  EXPECT_EQ(cache_->size(), 1u);
}

TEST_F(FileCacheTest, ForgetsADeletedFile) {
  put("a.txt", "a");
  EXPECT_EQ(read("/a.txt"), "a");
  std::filesystem::remove(folder_ + "/a.txt");
  pass(kFileTrust + 1);
  EXPECT_EQ(cache_->kind_of("/a.txt"), FileKind::kNone);
  EXPECT_EQ(cache_->size(), 0u);
  EXPECT_EQ(cache_->content_bytes(), 0u);
}

TEST_F(FileCacheTest, FollowsASwappedLink) {
  std::filesystem::create_directory(folder_ + "/v1");
  std::filesystem::create_directory(folder_ + "/v2");
  put("v1/a.txt", "first release");
  put("v2/a.txt", "second release");
  std::filesystem::create_symlink("v1", folder_ + "/current");
  EXPECT_EQ(read("/current/a.txt"), "first release");
  std::filesystem::create_symlink("v2", folder_ + "/next");
  std::filesystem::rename(folder_ + "/next", folder_ + "/current");
  pass(kFileTrust + 1);
  EXPECT_EQ(read("/current/a.txt"), "second release");
}

TEST_F(FileCacheTest, BelievesNothingWhenItIsToldSo) {
  begin(Symlinks::kFollow, 0);
  put("a.txt", "old");
  EXPECT_EQ(read("/a.txt"), "old");
  replace("a.txt", "new");
  pass(1);
  EXPECT_EQ(read("/a.txt"), "new");
}

TEST_F(FileCacheTest, LendsDescriptorsOfLargeFiles) {
  put("large", std::string(kSmallFileBytes + 1, 'l'));
  EXPECT_EQ(read("/large"), "(descriptor of " + std::to_string(kSmallFileBytes + 1) + ")");
  EXPECT_EQ(cache_->content_bytes(), 0u);
  put("large", "small");
  EXPECT_EQ(cache_->open("/large")->file->content, "small") << "it is opened anew each time";
}

TEST_F(FileCacheTest, KeepsABoundedNumberOfFiles) {
  put("a.txt", "a");
  for (size_t i = 0; i < kCachedFiles; ++i) {
    std::string name = "f" + std::to_string(i);
    put(name, "x");
    cache_->kind_of("/a.txt");
    EXPECT_EQ(read("/" + name), "x");
  }
  EXPECT_EQ(cache_->size(), kCachedFiles);
  std::filesystem::remove(folder_ + "/a.txt");
  EXPECT_EQ(cache_->kind_of("/a.txt"), FileKind::kFile) << "used all the time, it is still known";
  std::filesystem::remove(folder_ + "/f0");
  EXPECT_EQ(cache_->kind_of("/f0"), FileKind::kNone) << "the one not used for longest is not";
}

TEST_F(FileCacheTest, KeepsABoundedNumberOfBytes) {
  std::string content(kSmallFileBytes, 'c');
  size_t most = kCachedFileBytes / kSmallFileBytes;
  for (size_t i = 0; i < most + 10; ++i) {
    std::string name = "f" + std::to_string(i);
    put(name, content);
    EXPECT_EQ(read("/" + name), content);
  }
  EXPECT_EQ(cache_->content_bytes(), kCachedFileBytes);
}

TEST_F(FileCacheTest, ServesPathsTooLongToBeRemembered) {
  std::string folder(200, 'd');
  std::string path = "/" + folder + "/" + folder + "/" + folder;
  std::filesystem::create_directories(folder_ + path);
  put(path.substr(1) + "/a.txt", "a");
  put(path.substr(1) + "/b.txt", "b");
  EXPECT_EQ(read(path + "/a.txt"), "a");
  EXPECT_EQ(read(path + "/b.txt"), "b");
  EXPECT_EQ(neighbours(path + "/b.txt"), "");
  EXPECT_EQ(cache_->size(), 0u);
}

TEST_F(FileCacheTest, OpensNothingButRegularFiles) {
  std::filesystem::create_directory(folder_ + "/d");
  ASSERT_EQ(::mkfifo((folder_ + "/fifo").c_str(), 0600), 0);
  EXPECT_EQ(cache_->kind_of("/d"), FileKind::kDirectory);
  EXPECT_EQ(cache_->kind_of("/fifo"), FileKind::kNone);
  EXPECT_FALSE(cache_->open("/d"));
  EXPECT_FALSE(cache_->open("/fifo"));
  EXPECT_FALSE(cache_->open("/nothing"));
}

TEST_F(FileCacheTest, FindsNeighbours) {
  put("a.js", "a");
  EXPECT_EQ(neighbours("/a.js"), "");
  put("a.js.gz", "z");
  put("a.js.br", "b");
  put("a.js.zst", "");
  EXPECT_EQ(neighbours("/a.js"), "") << "believed for a second as well";
  pass(kFileTrust + 1);
  EXPECT_EQ(neighbours("/a.js"), "br gzip") << "an empty one is none";
  set_time("a.js.br", 1000000000);
  pass(kFileTrust + 1);
  EXPECT_EQ(neighbours("/a.js"), "gzip") << "one of an older content is none";
}

TEST_F(FileCacheTest, LooksForNeighboursAgainWhenAFileChanges) {
  put("large", std::string(kSmallFileBytes + 1, 'l'));
  set_time("large", 1000000000);
  put("large.gz", "z");
  set_time("large.gz", 1000000000);
  EXPECT_EQ(neighbours("/large"), "gzip");
  put("large", std::string(kSmallFileBytes + 2, 'l'));
  ASSERT_TRUE(cache_->open("/large"));
  EXPECT_EQ(neighbours("/large"), "");
}

TEST_F(FileCacheTest, StaysBeneathTheRootWhenItIsToldSo) {
  std::filesystem::create_directories(folder_ + "/root/inner");
  put("outside.txt", "outside");
  put("root/inner/a.txt", "inside");
  auto link = [&](const std::string& target, const std::string& name) {
    std::filesystem::create_symlink(target, folder_ + "/root/" + name);
  };
  link("inner/a.txt", "in");
  link("inner", "folder");
  link("../outside.txt", "out");
  link("..", "up");
  link("inner/../../root/inner/a.txt", "out_and_in");
  link(folder_ + "/root/inner/a.txt", "absolute");
  auto root = DocumentRoot::open(folder_ + "/root", Symlinks::kBeneath);
  ASSERT_TRUE(root);
  FileCache cache(*root, loop_, 0, wall_clock);
  for (const char* path : {"/in", "/folder/a.txt", "/inner/a.txt"}) {
    EXPECT_EQ(cache.kind_of(path), FileKind::kFile) << path;
    auto found = cache.open(path);
    ASSERT_TRUE(found) << path;
    EXPECT_EQ(found->file->content, "inside") << path;
  }
  for (const char* path : {"/out", "/up/outside.txt", "/out_and_in", "/absolute", "/up"}) {
    EXPECT_EQ(cache.kind_of(path), FileKind::kNone) << path;
    EXPECT_FALSE(cache.open(path)) << path;
  }
}

}  // namespace
}  // namespace howdah::serve

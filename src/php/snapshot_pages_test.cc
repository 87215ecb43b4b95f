#include "php/snapshot_pages.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace howdah::php {
namespace {

constexpr int kPages = 200;
constexpr int kPopulateWrite = 23;

long faults() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

class Pages : public ::testing::Test {
 protected:
  Pages() {
    void* area =
        ::mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    area_ = static_cast<char*>(area);
    ::madvise(area_, size(), MADV_NOHUGEPAGE);
    std::memset(area_, 'a', size());
  }
  ~Pages() override { ::munmap(area_, size()); }

  size_t size() const { return kPages * page_; }
  void write_to_all() const {
    for (int i = 0; i < kPages; ++i) area_[i * page_] = 'b';
  }
  // The exit status of a child that has done `work`, which must be under 256.
  template <class Work>
  static int in_child(Work work) {
    pid_t pid = ::fork();
    if (pid == 0) ::_exit(work());
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // The second fork is the first one that looks.
  template <class Work>
  void look_at(Work work) {
    for (int i = 0; i < 2; ++i) {
      in_child([&] {
        pages_.populate();
        work();
        pages_.look();
        return 0;
      });
    }
  }
  // Faults of a child that populates first, of one for each page that it writes to.
  int faults_of_next() {
    return in_child([&] {
      pages_.populate();
      long before = faults();
      write_to_all();
      return static_cast<int>(std::min(faults() - before, 255L));
    });
  }

  const size_t page_ = static_cast<size_t>(::getpagesize());
  char* area_;
  SnapshotPages pages_;
};

TEST_F(Pages, WrittenByOneForkAreReadyInTheNext) {
  if (::madvise(area_, page_, kPopulateWrite) != 0) GTEST_SKIP() << "needs Linux 5.14";
  ASSERT_TRUE(pages_.share());
  look_at([&] { write_to_all(); });
  EXPECT_LT(faults_of_next(), kPages / 4);
}

TEST_F(Pages, KeepTheirContent) {
  ASSERT_TRUE(pages_.share());
  look_at([&] { write_to_all(); });
  EXPECT_EQ(in_child([&] {
              pages_.populate();
              return static_cast<int>(std::count(area_, area_ + size(), 'a') - long(size()));
            }),
            0);
}

TEST_F(Pages, ThatWereNotWrittenToStayShared) {
  ASSERT_TRUE(pages_.share());
  look_at([] {});
  EXPECT_GE(faults_of_next(), kPages);
}

TEST_F(Pages, WithoutAListAreLeftAlone) {
  look_at([&] { write_to_all(); });
  EXPECT_GE(faults_of_next(), kPages);
}

}  // namespace
}  // namespace howdah::php

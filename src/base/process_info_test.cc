#include "base/process_info.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

namespace howdah::base {
namespace {

TEST(ProcessInfo, OwnMemoryGrowsWithWhatIsTouched) {
  const uint64_t before = own_memory(::getpid());
  EXPECT_GT(before, 0U);
  constexpr size_t kSize = 32 << 20;
  std::vector<char> memory(kSize, 'x');
  EXPECT_GE(own_memory(::getpid()), before + kSize / 2) << memory[kSize / 3];
}

TEST(ProcessInfo, AProcessThatIsNotThereHasNothing) {
  EXPECT_EQ(own_memory(0), 0U);
  EXPECT_FALSE(wants_cpu(0));
  EXPECT_EQ(threads_that_want_cpu(0), 0U);
}

TEST(ProcessInfo, TellsARunningThreadFromOneThatSleeps) {
  EXPECT_TRUE(wants_cpu(::getpid()));
  std::atomic<bool> end{false};
  std::thread busy([&] {
    while (!end) continue;
  });
  std::atomic<pid_t> sleeper{0};
  std::thread sleeps([&] {
    sleeper = ::gettid();
    end.wait(false);
  });
  while (sleeper == 0 || wants_cpu(sleeper)) continue;
  EXPECT_EQ(threads_that_want_cpu(::getpid()), 2U);
  end = true;
  end.notify_all();
  busy.join();
  sleeps.join();
}

}  // namespace
}  // namespace howdah::base

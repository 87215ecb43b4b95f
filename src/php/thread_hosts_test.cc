// PHP_HOSTS: the threads of a host in several processes, with the test as their front.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <set>

#include "php/worker_driver.h"

namespace howdah::php {
namespace {

using channel::ControlType;
using channel::WorkerKind;
using ::testing::HasSubstr;

constexpr uint32_t kWorkers = 4;

// Four workers in two processes: 0 and 2, 1 and 3. They are spawned one after the other, so that a
// test knows who takes its request.
class ThreadHosts : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(driver.failure(), "");
    driver.write_script("pid.php", "<?php echo getmypid();");
  }
  int spawn(uint32_t worker) {
    driver.spawn(worker);
    return driver.worker_pid();
  }
  TestAnswer run(const std::string& script) { return driver.run({.script = script}); }
  int exit_status_of(uint32_t worker) const {
    for (const auto& exit : driver.exits) {
      if (exit.worker == worker) return exit.status;
    }
    return -1;
  }
  WorkerDriver driver{{"--hosts", "2"}, kWorkers, false};
};

void retire(WorkerDriver& front, uint32_t worker) {
  front.channel().retire(worker, front.seat(worker).incarnation());
}

// Ended, reaped or not.
bool is_gone(int pid) {
  for (int i = 0; i < 500; ++i) {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid == pid || ::kill(pid, 0) != 0) return true;
    ::usleep(10'000);
  }
  return false;
}

TEST_F(ThreadHosts, ShareTheWorkers) {
  EXPECT_EQ(driver.seen[ControlType::kReady].header.status,
            static_cast<int32_t>(WorkerKind::kThreadOfProcess));
  const int even = spawn(0);
  EXPECT_EQ(run("pid.php").body, std::to_string(even));
  const int odd = spawn(1);
  EXPECT_NE(even, odd);
  EXPECT_NE(even, driver.host());
  EXPECT_NE(odd, driver.host());
  EXPECT_EQ(spawn(2), even);
  EXPECT_EQ(spawn(3), odd);
}

TEST_F(ThreadHosts, CompileAScriptOnceForAll) {
  driver.write_script("cached.php",
                      "<?php echo opcache_is_script_cached(__FILE__) ? 'cached' : 'new';");
  // Younger files are not cached (opcache.file_update_protection).
  ASSERT_EQ(::system(("touch -d '1 hour ago' " + driver.root() + "/cached.php").c_str()), 0);
  spawn(0);
  run("cached.php");
  retire(driver, 0);
  ASSERT_TRUE(driver.wait_for_exits(1));
  spawn(1);
  EXPECT_EQ(run("cached.php").body, "cached");
}

TEST_F(ThreadHosts, OneThatDiesTakesItsOwnThreadsOnly) {
  const int even = spawn(0), odd = spawn(1);
  spawn(2);
  spawn(3);
  ::kill(even, SIGKILL);
  ASSERT_TRUE(driver.wait_for_exits(2));
  EXPECT_EQ(exit_status_of(0), SIGKILL);
  EXPECT_EQ(exit_status_of(2), SIGKILL);
  EXPECT_EQ(driver.exits.front().pid, even);
  // As the front does: nobody is to be woken that has died in its sleep.
  for (uint32_t dead : {0U, 2U}) driver.channel().forget(dead);
  EXPECT_EQ(run("pid.php").body, std::to_string(odd));
  const int next = spawn(0);
  EXPECT_NE(next, even);
  EXPECT_EQ(spawn(2), next);
  EXPECT_EQ(driver.exits.size(), 2U);
}

TEST_F(ThreadHosts, InterruptReachesTheThread) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer holds signals back";
#endif
  driver.write_script("loop.php", "<?php for (;;) {}");
  spawn(1);
  driver.run({.script = "loop.php"}, [](WorkerDriver& front) {
    if (front.channel().claim(0).state != channel::SlotState::kRunning || front.turns++ > 0) return;
    front.set_cancelled();
    front.send(ControlType::kInterrupt, 1, 0);
  });
  ASSERT_TRUE(driver.wait_for(ControlType::kYielded));
  EXPECT_THAT(driver.seen[ControlType::kYielded].text, HasSubstr("loop.php:1"));
  spawn(3);
  EXPECT_EQ(run("pid.php").body, std::to_string(driver.worker_pid()));
}

// A script that nothing but the end of its process ends.
constexpr const char* kStuck = "<?php for (;;) usleep(1000);";

// Once, when the script runs: has its worker killed. Returns the other worker of its process, or
// nothing at the other times.
std::optional<uint32_t> kill_once(WorkerDriver& front, int grace_seconds) {
  auto claim = front.channel().claim(0);
  if (claim.state != channel::SlotState::kRunning || front.turns++ > 0) return std::nullopt;
  front.send(ControlType::kKill, claim.worker, grace_seconds);
  return 2 - claim.worker;
}

TEST_F(ThreadHosts, AKilledThreadWaitsForItsNeighbours) {
  driver.write_script("stuck.php", kStuck);
  const int even = spawn(0);
  spawn(2);
  driver.run({.script = "stuck.php"}, [](WorkerDriver& front) {
    if (auto neighbour = kill_once(front, 30)) retire(front, *neighbour);
  });
  ASSERT_TRUE(driver.wait_for_exits(2));
  EXPECT_EQ(driver.exits[0].status, 0);
  EXPECT_EQ(driver.exits[1].status, SIGKILL);
  EXPECT_TRUE(is_gone(even));
}

TEST_F(ThreadHosts, AProcessThatIsToEndGetsNoNewThreads) {
  driver.write_script("stuck.php", kStuck);
  const int even = spawn(0);
  spawn(2);
  driver.run({.script = "stuck.php"}, [](WorkerDriver& front) {
    auto neighbour = kill_once(front, 30);
    if (!neighbour) return;
    const int before = front.worker_pid();
    retire(front, *neighbour);
    EXPECT_TRUE(front.wait_for_exits(1));
    front.spawn(*neighbour);
    EXPECT_NE(front.worker_pid(), before);
  });
  ASSERT_TRUE(driver.wait_for_exits(2));
  EXPECT_EQ(driver.exits[1].pid, even);
  EXPECT_EQ(run("pid.php").body, std::to_string(driver.worker_pid()));
}

TEST_F(ThreadHosts, AGraceThatPassesEndsTheNeighboursToo) {
  for (int grace : {0, 1}) {
    driver.exits.clear();
    driver.write_script("stuck.php", kStuck);
    spawn(0);
    spawn(2);
    static int seconds;
    seconds = grace;
    driver.run({.script = "stuck.php"}, [](WorkerDriver& front) { kill_once(front, seconds); });
    ASSERT_TRUE(driver.wait_for_exits(2));
    EXPECT_EQ(exit_status_of(0), SIGKILL);
    EXPECT_EQ(exit_status_of(2), SIGKILL);
  }
}

TEST_F(ThreadHosts, StderrIsOfAWorkerThatIsAlone) {
  driver.write_script("t.php", "<?php file_put_contents('php://stderr', \"from t\\n\"); echo 1;");
  spawn(1);
  EXPECT_EQ(run("t.php").body, "1");
  ASSERT_TRUE(driver.wait_for_line("from t"));
  EXPECT_EQ(driver.line_workers.at("from t"), 1U);
}

TEST_F(ThreadHosts, OpcacheResetAsksOnceForAll) {
  driver.write_script("t.php", "<?php var_dump(opcache_reset());");
  spawn(1);
  EXPECT_EQ(run("t.php").body, "bool(true)\n");
  EXPECT_TRUE(driver.wait_for(ControlType::kRenewalWanted));
}

TEST_F(ThreadHosts, EndWhenTheirWorkHasEnded) {
  std::set<int> pids;
  for (uint32_t worker = 0; worker < kWorkers; ++worker) pids.insert(spawn(worker));
  for (uint32_t worker = 0; worker < kWorkers; ++worker) {
    retire(driver, worker);
  }
  driver.send(ControlType::kFinish);
  ASSERT_TRUE(driver.wait_for_exits(kWorkers));
  for (uint32_t worker = 0; worker < kWorkers; ++worker) EXPECT_EQ(exit_status_of(worker), 0);
  for (int pid : pids) EXPECT_TRUE(is_gone(pid));
  EXPECT_TRUE(is_gone(driver.host()));
}

TEST_F(ThreadHosts, DoNotOutliveTheFrontNorTheMother) {
  const int even = spawn(0), odd = spawn(1);
  EXPECT_TRUE(driver.hang_up());
  EXPECT_TRUE(is_gone(even));
  EXPECT_TRUE(is_gone(odd));
}

TEST_F(ThreadHosts, DoNotOutliveAMotherThatIsKilled) {
  const int even = spawn(0), odd = spawn(1);
  ::kill(driver.host(), SIGKILL);
  EXPECT_TRUE(is_gone(even));
  EXPECT_TRUE(is_gone(odd));
}

}  // namespace
}  // namespace howdah::php

// Worker scripts: when their workers are ready, boots that fail, restarts, generations in two
// steps.

#include "pool/script_pool_fixture.h"

namespace howdah::pool {
namespace {

constexpr int kAlways = 1 << 20;

struct ScriptPoolThatGivesUpAtOnce : ScriptPool {
  static PoolOptions options() {
    PoolOptions options = script_options();
    options.max_boot_failures = 0U;
    return options;
  }
  ScriptPoolThatGivesUpAtOnce() : ScriptPool(options()) {}
};

struct ScriptPoolThatNeverGivesUp : ScriptPool {
  static PoolOptions options() {
    PoolOptions options = script_options();
    options.max_boot_failures = std::nullopt;
    return options;
  }
  ScriptPoolThatNeverGivesUp() : ScriptPool(options()) {}
};

struct ScriptPoolWithALimit : ScriptPool {
  static PoolOptions options() {
    PoolOptions options = script_options();
    options.boot_limit = 100 * base::kMillisecond;
    return options;
  }
  ScriptPoolWithALimit() : ScriptPool(options()) {}
};

// Starts though a boot is late at first: those that may fail for ever do not end it.
struct ScriptPoolWithShortBoots : ScriptPool {
  static PoolOptions options() {
    PoolOptions options = script_options();
    options.max_boot_failures = std::nullopt;
    options.boot_limit = 200 * base::kMillisecond;
    return options;
  }
  ScriptPoolWithShortBoots() : ScriptPool(options()) {}
  void expect_boot_is_ended() {
    run_until([this] { return sink.has("worker script failed to boot"); });
    EXPECT_TRUE(sink.has("/site/worker.php")) << sink.lines;
    EXPECT_TRUE(sink.has("has not come to frankenphp_handle_request() after 0 s")) << sink.lines;
  }
};

struct ScriptPoolOfThreadsWithShortBoots : ScriptPoolWithShortBoots {
  ScriptPoolOfThreadsWithShortBoots() { kind = channel::WorkerKind::kThread; }
};

TEST_F(ScriptPool, IsReadyWhenItsScriptsWaitAndNotBefore) {
  shared.boot_waits = true;
  begin();
  run_until([] { return shared.boots == 2; });
  run_for(5 * kTick);
  EXPECT_FALSE(ready);
  EXPECT_FALSE(pool.status().ready);
  EXPECT_EQ(pool.worker_status()[0].phase, WorkerPhase::kStarting);
  EXPECT_NE(pool.worker_status()[0].pid, 0);
  shared.boot_waits = false;
  run_until([this] { return ready; });
  EXPECT_EQ(pool.status().live_workers, 2u);
  expect_served();
}

TEST_F(ScriptPoolWithALimit, FailsToStartWhenAScriptDoesNotComeToItsLoop) {
  shared.boot_waits = true;
  begin();
  run_until([this] { return !failure.empty(); });
  EXPECT_EQ(failure,
            "worker script /site/worker.php has not come to frankenphp_handle_request() after 0 s");
  EXPECT_FALSE(ready);
  shared.boot_waits = false;
}

TEST_F(ScriptPool, BootsAgainLaterAndLaterUntilItSucceeds) {
  const base::Nanos began = base::monotonic_now();
  shared.boots_fail = 6;  // of two workers: at least one has failed three times
  start();
  EXPECT_GE(base::monotonic_now() - began, 100 * base::kMillisecond);
  EXPECT_EQ(pool.status().restarts[Restart::kBoot], 6u);
  EXPECT_EQ(pool.status().restarts[Restart::kCrash], 0u);
  EXPECT_TRUE(sink.has("worker script failed to boot")) << sink.lines;
  EXPECT_TRUE(sink.has("no database")) << sink.lines;
  expect_served();
}

TEST_F(ScriptPool, TheStartFailsAfterTooManyFailuresInARow) {
  shared.boots_fail = kAlways;
  begin();
  run_until([this] { return !failure.empty(); });
  EXPECT_FALSE(ready);
  EXPECT_NE(failure.find("/site/worker.php failed to boot 4 times in a row"), failure.npos)
      << failure;
  EXPECT_NE(failure.find("no database"), failure.npos) << failure;
  EXPECT_LE(shared.boots, 2 * (kMaxFailures + 1));
}

TEST_F(ScriptPoolThatGivesUpAtOnce, TheStartFailsWithTheFirstBoot) {
  shared.boots_fail = kAlways;
  begin();
  run_until([this] { return !failure.empty(); });
  EXPECT_LE(shared.boots, 2);
}

TEST_F(ScriptPoolThatNeverGivesUp, BootsUntilItSucceeds) {
  shared.boots_fail = kAlways;
  begin();
  run_until([] { return shared.boots >= 2 * (kMaxFailures + 2); });
  EXPECT_EQ(failure, "");
  shared.boots_fail = 0;
  run_until([this] { return ready; });
}

TEST_F(ScriptPool, OneThatServesGoesOnTrying) {
  start();
  shared.boots_fail = 2 * kMaxFailures;
  Client victim("die");
  submit(victim);
  run_until([&] { return victim.over; });
  for (int i = 0; i < 4; ++i) expect_served();  // by the other one
  run_until([this] { return pool.status().live_workers == 2; });
  EXPECT_EQ(pool.status().generation, 1u);
  EXPECT_EQ(pool.status().restarts[Restart::kBoot], 2u * kMaxFailures);
}

TEST_F(ScriptPoolWithShortBoots, ABootThatHangsLaterEndsAsOneThatFails) {
  start();
  shared.boot_waits = true;
  Client victim("die");
  submit(victim);
  run_until([&] { return victim.over; });
  expect_boot_is_ended();
  run_until([this] { return pool.status().restarts[Restart::kBoot] >= 2; });  // and is tried again
  expect_served();                                                            // by the other one
  shared.boot_waits = false;
  run_until([this] { return pool.status().live_workers == 2; });
  EXPECT_EQ(pool.status().generation, 1u);
  EXPECT_EQ(pool.status().restarts[Restart::kCrash], 1u);  // the victim's
}

TEST_F(ScriptPoolWithShortBoots, AScriptThatHangsWhenItBeginsAgainIsReplaced) {
  start();
  const uint64_t boots = pool.status().restarts[Restart::kBoot];
  shared.boot_waits = true;
  expect_served("begin-again");
  expect_boot_is_ended();
  shared.boot_waits = false;
  run_until([&] { return pool.status().restarts[Restart::kBoot] > boots; });
  run_until([this] { return pool.status().live_workers == 2; });
  for (int i = 0; i < 4; ++i) expect_served();
  EXPECT_EQ(pool.status().restarts[Restart::kCrash], 0u);
}

TEST_F(ScriptPoolOfThreadsWithShortBoots, AThreadThatHangsInItsBootCostsItsHost) {
  start();
  shared.boot_waits = true;
  expect_served("begin-again");
  expect_boot_is_ended();
  EXPECT_TRUE(sink.has("its thread has not come")) << sink.lines;
  run_until([this] { return starts.size() == 2; });
  expect_served();  // by the other thread of the old host
  shared.boot_waits = false;
  run_until([this] { return pool.status().generation == 2; });
  expect_served();
}

TEST_F(ScriptPool, CountsScriptsThatBeginAgainInTheirWorkers) {
  start();
  for (int i = 0; i < 3; ++i) expect_served("restart-script");
  run_until([this] { return pool.status().restarts[Restart::kScript] == 3; });
  uint64_t restarts = 0;
  for (const WorkerStatus& worker : pool.worker_status()) restarts += worker.restarts;
  EXPECT_EQ(restarts, 3u);
  EXPECT_EQ(shared.boots, 2);
  EXPECT_EQ(pool.status().restarts[Restart::kCrash] + pool.status().restarts[Restart::kOther], 0u);
}

TEST_F(ScriptPool, AWorkerThatLiesAboutItsRestartsIsCountedWronglyAndNothingElse) {
  start();
  expect_served("lie-about-restarts");
  run_until([this] { return pool.status().restarts[Restart::kScript] > 0; });
  EXPECT_LE(pool.status().restarts[Restart::kScript], kMostScriptRestarts);
  for (int i = 0; i < 4; ++i) expect_served();
  EXPECT_EQ(pool.status().live_workers, 2u);
}

TEST_F(ScriptPoolOfForks, ShowsTheProcessThatAWorkerSaysItIs) {
  start();
  const int spawned = pool.worker_status()[0].pid;
  expect_served("be-process-4242");
  EXPECT_EQ(pool.worker_status()[0].pid, 4242);
  expect_served("be-no-process");
  EXPECT_EQ(pool.worker_status()[0].pid, spawned);
}

TEST_F(ScriptPool, AWorkerWithoutForksIsTheProcessThatTheHostNamed) {
  start();
  expect_served("be-process-4242");
  for (const WorkerStatus& worker : pool.worker_status()) EXPECT_NE(worker.pid, 4242);
}

TEST_F(ScriptPool, AWorkerThatDiesWhileItBootsHasFailedToBoot) {
  shared.boots_die = true;
  begin();
  run_until([this] { return !failure.empty(); });
  EXPECT_NE(failure.find("failed to boot 4 times in a row"), failure.npos) << failure;
  EXPECT_NE(failure.find("killed by SIGKILL"), failure.npos) << failure;
}

TEST_F(ScriptPool, AReloadWhoseScriptDoesNotBootLeavesTheOldGeneration) {
  start();
  shared.boots_fail = kAlways;
  std::string why = reload(script_options());
  EXPECT_NE(why.find("failed to boot 4 times in a row"), why.npos) << why;
  EXPECT_NE(why.find("no database"), why.npos) << why;
  EXPECT_EQ(pool.status().generation, 1u);
  EXPECT_EQ(pool.status().live_workers, 2u);
  expect_served();
}

TEST_F(ScriptPool, AReloadIsOverWhenTheNewScriptsWait) {
  start();
  shared.boot_waits = true;
  std::optional<std::string> outcome;
  pool.reload(script_options(), [&](std::string why) { outcome = std::move(why); });
  run_until([] { return shared.boots == 4; });
  run_for(5 * kTick);
  EXPECT_FALSE(outcome.has_value());
  expect_served();
  EXPECT_EQ(pool.status().generation, 1u);
  shared.boot_waits = false;
  run_until([&] { return outcome.has_value(); });
  EXPECT_EQ(*outcome, "");
  EXPECT_EQ(pool.status().generation, 2u);
  expect_served();
}

TEST_F(ScriptPool, APreparedGenerationServesWhenItIsToldTo) {
  start();
  std::optional<std::string> prepared;
  pool.prepare_reload(script_options(), [&](std::string why) { prepared = std::move(why); });
  EXPECT_FALSE(pool.is_prepared());
  run_until([&] { return prepared.has_value(); });
  EXPECT_EQ(*prepared, "");
  run_for(3 * kTick);
  EXPECT_EQ(pool.status().generation, 1u);
  expect_served();
  ASSERT_TRUE(pool.is_prepared());
  pool.commit_reload();
  EXPECT_EQ(pool.status().generation, 2u);
  expect_served();
}

TEST_F(ScriptPool, APreparedGenerationThatIsNotWantedEndsAndAnotherReloadWorks) {
  start();
  std::optional<std::string> prepared;
  pool.prepare_reload(script_options(), [&](std::string why) { prepared = std::move(why); });
  run_until([&] { return prepared.has_value(); });
  pool.cancel_reload();
  EXPECT_FALSE(pool.is_prepared());
  bool reaped = false;
  run_until([&] {
    reaped = reaped || ::waitpid(hosts.back(), nullptr, WNOHANG) == hosts.back();
    return reaped;
  });
  hosts.pop_back();
  expect_served();
  EXPECT_EQ(pool.status().generation, 1u);
  EXPECT_EQ(reload(script_options()), "");
  expect_served();
}

TEST_F(ScriptPool, APreparedGenerationTakesTheNextStepAlsoAfterTheOldOneDied) {
  start();
  std::optional<std::string> prepared;
  pool.prepare_reload(script_options(), [&](std::string why) { prepared = std::move(why); });
  run_until([&] { return prepared.has_value(); });
  ::kill(hosts.front(), SIGKILL);
  run_until([this] { return pool.status().generation == 2; });
  expect_served();
  ASSERT_TRUE(pool.is_prepared());
  pool.commit_reload();
  EXPECT_FALSE(pool.is_prepared());
  EXPECT_EQ(pool.status().generation, 2u);
}

TEST_F(ScriptPool, AReloadThatIsGivenUpAfterItsGenerationHadToServeBringsTheSettingsInUseBack) {
  start();
  std::optional<std::string> prepared;
  pool.prepare_reload(script_options(), [&](std::string why) { prepared = std::move(why); });
  run_until([&] { return prepared.has_value(); });
  EXPECT_EQ(asked_for, HostSettings::kNext);
  ::kill(hosts.front(), SIGKILL);
  run_until([this] { return pool.status().generation == 2; });
  pool.cancel_reload();
  run_until([this] { return pool.status().generation == 3; });
  EXPECT_EQ(asked_for, HostSettings::kInUse);
  expect_served();
}

TEST_F(ScriptPool, APreparedHostThatDiesIsNotPreparedAnyMore) {
  start();
  std::optional<std::string> prepared;
  pool.prepare_reload(script_options(), [&](std::string why) { prepared = std::move(why); });
  run_until([&] { return prepared.has_value(); });
  ::kill(hosts.back(), SIGKILL);
  run_until([this] { return !pool.is_prepared(); });
  EXPECT_EQ(pool.status().generation, 1u);
  expect_served();
}

TEST_F(ScriptPool, RestartsThatAreAskedForWhileOneRunsAreOneMore) {
  start();
  int over = 0;
  auto count = [&](const std::string& why) {
    EXPECT_EQ(why, "");
    ++over;
  };
  pool.restart(count);
  EXPECT_EQ(asked_for, HostSettings::kInUse);
  for (int i = 0; i < 5; ++i) pool.restart(count);
  run_until([&] { return over == 6; });
  EXPECT_EQ(pool.status().generation, 3u);
  expect_served();
}

TEST_F(ScriptPool, AReloadTakesThePlaceOfARestartWhichFollowsIt) {
  start();
  std::optional<std::string> restarted;
  pool.restart([&](std::string why) { restarted = std::move(why); });
  EXPECT_EQ(reload(script_options()), "");
  EXPECT_FALSE(restarted.has_value());
  run_until([&] { return restarted.has_value(); });
  EXPECT_EQ(*restarted, "");
  EXPECT_EQ(asked_for, HostSettings::kInUse);
  EXPECT_EQ(pool.status().generation, 4u);
  expect_served();
}

TEST_F(ScriptPool, AReplacedGenerationEndsWhenItsScriptsHaveComeToTheirEnds) {
  start();
  shared.may_leave = false;
  EXPECT_EQ(reload(script_options()), "");
  run_until([] { return shared.ends == 2; });
  run_for(5 * kTick);
  EXPECT_EQ(::waitpid(hosts.front(), nullptr, WNOHANG), 0);
  shared.may_leave = true;
  bool reaped = false;
  run_until([&] {
    int status = 0;
    reaped = reaped || ::waitpid(hosts.front(), &status, WNOHANG) == hosts.front();
    return reaped;
  });
  hosts.erase(hosts.begin());
  expect_served();
}

TEST_F(ScriptPool, ADrainWaitsForTheEndsOfTheScripts) {
  start();
  shared.may_leave = false;
  bool drained = false;
  pool.drain([&] { drained = true; });
  run_until([] { return shared.ends == 2; });
  run_for(kFinishGrace + 5 * kTick);  // longer than a classic worker gets
  EXPECT_FALSE(drained);
  EXPECT_EQ(pool.status().host_pid, hosts.back());
  shared.may_leave = true;
  run_until([&] {
    int status = 0;
    pid_t pid = ::waitpid(hosts.back(), &status, WNOHANG);
    if (pid > 0) pool.host_exited(pid, status);
    return drained;
  });
  hosts.clear();
}

}  // namespace
}  // namespace howdah::pool

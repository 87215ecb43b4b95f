// Requests that nobody waits for any more.

#include "pool/pool_fixture.h"

namespace howdah::pool {
namespace {

TEST_F(PoolTest, ACancelledScriptThatYieldsKeepsItsWorker) {
  Client slow("hang");
  submit(slow);
  run_until([&] { return slow.calls > 0; });
  pool.dispatcher(0).cancel(slow.job);
  expect_served();
  EXPECT_EQ(pool.status().timeouts, 1u);
  EXPECT_EQ(pool.status().restarts[Restart::kTimeout], 0u);
}

TEST_F(PoolTest, ACancelledScriptThatDoesNotYieldIsKilled) {
  Client slow("hang-hard");
  submit(slow);
  run_until([&] { return slow.calls > 0; });
  pool.dispatcher(0).cancel(slow.job);
  run_until([&] { return pool.status().restarts[Restart::kTimeout] == 1; });
  run_until([&] { return pool.status().live_workers == kWorkers; });
  expect_served();
}

TEST_F(PoolTest, AnAbandonedScriptIsEndedAtItsDeadline) {
  Client left("hang-hard");
  left.job.deadline = base::monotonic_now() + base::kSecond;
  left.job.time_limit = base::kSecond;
  submit(left);
  run_until([&] { return left.calls > 0; });
  pool.dispatcher(0).abandon(left.job);
  expect_served();
  EXPECT_EQ(pool.status().timeouts, 0u);
  run_until([&] { return pool.status().restarts[Restart::kTimeout] == 1; });
  EXPECT_GE(base::monotonic_now(), left.job.deadline + kCancelGrace);
  EXPECT_EQ(pool.status().abandoned_timeouts, 1u);
  EXPECT_TRUE(sink.has("script interrupted: REQUEST_TIMEOUT"));
  run_until([&] { return pool.status().live_workers == kWorkers; });
  EXPECT_EQ(pool.status().restarts[Restart::kCrash], 0u);
}

TEST_F(PoolTest, AnAbandonedScriptWithoutADeadlineIsLeftAlone) {
  Client left("linger");
  submit(left);
  run_until([&] { return left.calls > 0; });
  pool.dispatcher(0).abandon(left.job);
  for (int i = 0; i < 4; ++i) expect_served();
  // The last one served may not have let go yet.
  run_until([&] { return pool.status().running == 1; });
  shared.may_end = true;
  run_until([&] { return pool.status().running == 0; });
  EXPECT_EQ(pool.status().timeouts, 0u);
}

TEST_F(PoolTest, AScriptIsGrantedItsTimeLimitAtMost) {
  Client beats("hang-beating");
  beats.job.time_limit = 10 * base::kSecond;
  const base::Nanos now = base::monotonic_now();
  EXPECT_EQ(pool.dispatcher(0).wanted_deadline(beats.job, now), 0);
  submit(beats);
  // The first call may come before its wish.
  run_until(
      [&] { return beats.calls > 0 && pool.dispatcher(0).wanted_deadline(beats.job, now) != 0; });
  EXPECT_EQ(pool.dispatcher(0).wanted_deadline(beats.job, now), now + beats.job.time_limit);
  pool.dispatcher(0).cancel(beats.job);
  expect_served();
}

struct ThreadedPoolTest : PoolTest {
  explicit ThreadedPoolTest(channel::WorkerKind of = channel::WorkerKind::kThread) { kind = of; }
  void lose_a_thread() {
    const uint64_t lost = pool.status().restarts[Restart::kTimeout];
    Client stuck("hang-hard");
    submit(stuck);
    run_until([&] { return stuck.calls > 0; });
    pool.dispatcher(0).cancel(stuck.job);
    run_until([&] { return pool.status().restarts[Restart::kTimeout] == lost + 1; });
  }
};

TEST_F(ThreadedPoolTest, AThreadThatDoesNotComeBackCostsItsHostAndNoOtherRequest) {
  Client lingers("linger");
  submit(lingers);
  run_until([&] { return lingers.calls > 0; });
  lose_a_thread();
  run_until([&] { return pool.status().generation == 2; });
  expect_served();
  EXPECT_FALSE(lingers.over);
  shared.may_end = true;
  run_until([&] { return lingers.over; });
  EXPECT_EQ(lingers.body, "done");
  // What does not come back is not waited for.
  bool reaped = false;
  run_until([&] {
    reaped = reaped || ::waitpid(hosts.front(), nullptr, WNOHANG) == hosts.front();
    return reaped;
  });
  hosts.erase(hosts.begin());
  EXPECT_EQ(pool.status().restarts[Restart::kOther], kWorkers - 1);
}

TEST_F(ThreadedPoolTest, HostsAreReplacedLaterAndLaterWhileThreadsAreLeft) {
  for (uint32_t generation : {2u, 3u}) {
    lose_a_thread();
    run_until([&] { return pool.status().generation == generation; });
  }
  lose_a_thread();
  expect_served();
  EXPECT_EQ(pool.status().generation, 3u);
  run_until([&] { return pool.status().generation == 4; });
  // Counted from the tick in which the pool asked for a host, a moment before it was started.
  EXPECT_GE(starts[2] - starts[1], kRenewalInterval - base::kSecond);
  EXPECT_GE(starts[3] - starts[2], 2 * kRenewalInterval - base::kSecond);
}

// PHP_HOSTS.
struct PoolOfThreadProcesses : ThreadedPoolTest {
  PoolOfThreadProcesses() : ThreadedPoolTest(channel::WorkerKind::kThreadOfProcess) {}
};

TEST_F(PoolOfThreadProcesses, AThreadIsKilledAndThoseBesideItEndAfterWhatTheyRun) {
  Client lingers("linger");
  submit(lingers);
  run_until([&] { return lingers.calls > 0; });
  lose_a_thread();
  expect_served();
  EXPECT_FALSE(lingers.over);
  EXPECT_EQ(pool.status().restarts[Restart::kNeighbour], 0U);
  shared.may_end = true;
  run_until([&] { return pool.status().restarts[Restart::kNeighbour] == 1; });
  EXPECT_EQ(lingers.body, "done");
  run_until([&] { return pool.status().live_workers == kWorkers; });
  EXPECT_EQ(pool.status().generation, 1U);
  EXPECT_TRUE(sink.has("(its time was up)")) << sink.lines;
}

TEST_F(PoolOfThreadProcesses, ACrashCountsOnceForAllItsThreads) {
  for (size_t i = 1; i <= kManyCrashes; ++i) {
    Client victim("die");
    submit(victim);
    run_until([&] { return victim.over && pool.status().restarts[Restart::kCrash] == i; });
  }
  expect_served();
  EXPECT_EQ(hosts.size(), 1U);
}

TEST_F(PoolOfThreadProcesses, AThreadThatBreaksTheRulesCostsItsProcess) {
  Client victim("break-ring");
  submit(victim);
  run_until([&] { return victim.over && pool.status().restarts[Restart::kCrash] == 1; });
  EXPECT_TRUE(victim.lost);
  expect_served();
  EXPECT_EQ(pool.status().generation, 1U);
}

TEST_F(ThreadedPoolTest, AThreadThatBreaksTheRulesCostsItsHost) {
  Client victim("break-ring");
  submit(victim);
  run_until([&] { return victim.over && pool.status().generation == 2; });
  EXPECT_TRUE(victim.lost);
  expect_served();
}

}  // namespace
}  // namespace howdah::pool

// Generations: one takes over from another, the last one drains.

#include "pool/pool_fixture.h"

namespace howdah::pool {
namespace {

TEST_F(PoolTest, ManyCrashesInAShortTimeBringANewGeneration) {
  for (size_t i = 1; i < kManyCrashes; ++i) {
    Client victim("die");
    submit(victim);
    run_until([&] { return victim.over; });
    run_until([&] { return pool.status().restarts[Restart::kCrash] == i; });
  }
  EXPECT_EQ(hosts.size(), 1u);
  Client victim("die");
  submit(victim);
  run_until([&] { return hosts.size() == 2 && pool.status().generation == 2; });
  EXPECT_EQ(pool.status().live_workers, kWorkers);
  expect_served();
}

TEST_F(PoolTest, ANewGenerationTakesOverAndTheOldOneFinishesWhatItRuns) {
  Client lingers("linger"), lingers_too("linger"), queued("fine");
  submit(lingers);
  submit(lingers_too);
  run_until([&] { return lingers.calls > 0 && lingers_too.calls > 0; });
  submit(queued);
  shared.renewals = 3;
  run_until([&] { return queued.over; });
  EXPECT_EQ(queued.body, "fine");
  EXPECT_EQ(pool.status().generation, 2u);
  EXPECT_FALSE(lingers.over || lingers_too.over);
  shared.may_end = true;
  run_until([&] { return lingers.over && lingers_too.over; });
  EXPECT_EQ(lingers.body, "done");
  EXPECT_FALSE(lingers_too.lost);
  bool reaped = false;
  run_until([&] {
    reaped = reaped || ::waitpid(hosts.front(), nullptr, WNOHANG) == hosts.front();
    return reaped;
  });
  hosts.erase(hosts.begin());
  expect_served();
}

TEST_F(PoolTest, AWorkerOfARetiredGenerationThatDiesLosesItsJobAtOnce) {
  Client lingers("die-when-told");
  submit(lingers);
  run_until([&] { return lingers.calls > 0; });
  shared.renewals = 1;
  run_until([&] { return pool.status().generation == 2; });
  shared.may_end = true;
  run_until([&] { return lingers.over; });
  EXPECT_TRUE(lingers.lost);
  expect_served();
}

TEST_F(PoolTest, AReloadBringsAGenerationWithItsOwnOptions) {
  Client lingers("linger");
  submit(lingers);
  run_until([&] { return lingers.calls > 0; });
  EXPECT_EQ(reload({.workers = 5, .queue_capacity = 4}), "");
  EXPECT_EQ(asked_for, HostSettings::kNext);
  EXPECT_EQ(pool.status().live_workers, 5U);
  expect_served();
  EXPECT_FALSE(lingers.over);
  shared.may_end = true;
  run_until([&] { return lingers.over; });
  EXPECT_EQ(lingers.body, "done");
  EXPECT_EQ(reload({.workers = 1, .queue_capacity = 4}), "");
  EXPECT_EQ(pool.status().live_workers, 1U);
  EXPECT_EQ(pool.worker_status().size(), 1U);
  expect_served();
}

TEST_F(PoolTest, AReloadWhoseHostCannotStartLeavesTheOldGenerationAndSaysWhy) {
  shared.cannot_start = true;
  EXPECT_EQ(reload({.workers = 5, .queue_capacity = 4}), "no php.ini");
  EXPECT_EQ(pool.status().live_workers, kWorkers);
  EXPECT_EQ(pool.status().generation, 1U);
  expect_served();
  // The serving host is replaced with the settings that are in use.
  shared.cannot_start = false;
  ::kill(hosts.front(), SIGKILL);
  pool.host_exited(hosts.front(), SIGKILL);
  run_until([&] { return pool.status().live_workers == kWorkers; });
  EXPECT_EQ(asked_for, HostSettings::kInUse);
}

TEST_F(PoolTest, AReplacedGenerationIsCutWhenItsTimeIsOver) {
  EXPECT_EQ(reload({.workers = 1, .retirement_limit = 50 * base::kMillisecond}), "");
  Client lingers("linger");
  submit(lingers);
  run_until([&] { return lingers.calls > 0; });
  EXPECT_EQ(reload({.workers = 1, .retirement_limit = 50 * base::kMillisecond}), "");
  run_until([&] { return lingers.over; });
  EXPECT_TRUE(lingers.lost);
  EXPECT_TRUE(sink.has("RELOAD_DRAIN is over")) << sink.lines;
  EXPECT_TRUE(sink.has("request cut with its worker generation")) << sink.lines;
  expect_served();
}

TEST_F(PoolTest, ADrainWaitsForWhatGoesOnAfterItsAnswer) {
  Client client("finish");
  submit(client);
  run_until([&] { return client.over; });
  bool drained = false;
  pool.drain([&] { drained = true; });
  const base::Nanos later = base::monotonic_now() + 5 * kTick;
  run_until([&] { return base::monotonic_now() > later; });
  EXPECT_FALSE(drained);
  shared.may_end = true;
  run_until([&] {
    int status = 0;
    pid_t pid = ::waitpid(hosts.back(), &status, WNOHANG);
    if (pid > 0) pool.host_exited(pid, status);
    return drained;
  });
  hosts.clear();
}

TEST_F(PoolTest, DrainsWhatWasTakenThenEndsTheHost) {
  Client client("fine");
  submit(client);
  bool drained = false;
  pool.drain([&] { drained = true; });
  Client late("fine");
  EXPECT_EQ(pool.dispatcher(0).submit(late.job), Submit::kUnavailable);
  run_until([&] {
    int status = 0;
    pid_t pid = ::waitpid(hosts.back(), &status, WNOHANG);
    if (pid > 0) pool.host_exited(pid, status);
    return drained;
  });
  EXPECT_TRUE(client.over);
  EXPECT_FALSE(client.lost);
  hosts.clear();
}

}  // namespace
}  // namespace howdah::pool

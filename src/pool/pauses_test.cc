// Scripts that work on between two requests, and those that hang there.

#include "pool/script_pool_fixture.h"

namespace howdah::pool {
namespace {

constexpr base::Nanos kShortPause = 300 * base::kMillisecond;

struct Pauses : ScriptPool {
  static PoolOptions options() {
    PoolOptions options = script_options();
    options.pause_limit = kShortPause;
    options.max_memory = kFat / 2;
    return options;
  }
  Pauses() : ScriptPool(options()) {}
  int in_background() const {
    const auto workers = pool.worker_status();
    return static_cast<int>(
        std::ranges::count(workers, WorkerPhase::kBackground, &WorkerStatus::phase));
  }
};

struct PausesOfThreads : Pauses {
  PausesOfThreads() { kind = channel::WorkerKind::kThread; }
};

TEST_F(Pauses, AScriptThatDoesNotAskForItsNextRequestIsReplaced) {
  start();
  expect_served("pause");
  run_until([this] { return in_background() == 1; });
  expect_served();  // by the other one
  run_until([this] { return pool.status().restarts[Restart::kTimeout] == 1; });
  run_until([this] { return pool.status().live_workers == 2; });
  EXPECT_TRUE(sink.has("did not ask for its next request")) << sink.lines;
  EXPECT_EQ(in_background(), 0);
  EXPECT_EQ(pool.status().restarts[Restart::kCrash] + pool.status().restarts[Restart::kBoot], 0u);
  for (int i = 0; i < 4; ++i) expect_served();
}

TEST_F(Pauses, WorkersThatWaitOrWorkAreLeftInPeace) {
  start();
  Client lingers("linger"), finished("finish-large");
  finished.take_at_most = 0;
  submit(lingers);
  submit(finished);
  run_until([] { return shared.begun == 2; });
  run_for(4 * kShortPause);
  EXPECT_EQ(pool.status().restarts[Restart::kTimeout], 0u);
  shared.may_end = true;
  run_until([&] { return lingers.over; });
  run_for(4 * kShortPause);
  EXPECT_EQ(pool.status().restarts[Restart::kTimeout], 0u);
  EXPECT_EQ(in_background(), 0);
  EXPECT_EQ(pool.status().live_workers, 2u);
}

TEST_F(Pauses, AWorkerThatIsToEndHasNoMoreTimeForIt) {
  start();
  shared.may_leave = false;
  Client fat("fatten");
  submit(fat);
  run_until([] { return shared.ends > 0; });
  run_until([this] { return pool.status().restarts[Restart::kTimeout] > 0; });
  shared.may_leave = true;
  run_until([this] { return pool.status().live_workers == 2; });
  EXPECT_EQ(pool.status().generation, 1u);
  expect_served();
}

TEST_F(PausesOfThreads, AThreadThatDoesNotAskForItsNextRequestCostsItsHost) {
  start();
  expect_served("pause");
  run_until([this] { return pool.status().restarts[Restart::kTimeout] == 1; });
  EXPECT_TRUE(sink.has("its thread has not come to its next request")) << sink.lines;
  expect_served();
  run_until([this] { return pool.status().generation == 2; });
  EXPECT_TRUE(sink.has("a thread did not come back for its next request")) << sink.lines;
  expect_served();
  EXPECT_EQ(pool.status().restarts[Restart::kTimeout], 1u);
}

TEST_F(ScriptPoolOfForks, AWorkerWithoutAProcessDoesNotPause) {
  start();
  expect_served("be-process-4242");
  Client paused("pause");
  submit(paused);
  run_until([&] { return paused.over; });
  run_until([this] { return pool.worker_status()[0].phase == WorkerPhase::kBackground; });
  shared.may_end = true;
  expect_served("be-process-0");
  shared.may_end = false;
  expect_served("pause");
  run_for(2 * kShownPause);
  EXPECT_EQ(pool.worker_status()[0].phase, WorkerPhase::kIdle);
}

}  // namespace
}  // namespace howdah::pool

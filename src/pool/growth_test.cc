// How many workers there are, and for how long.

#include <set>

#include "pool/pool_fixture.h"

namespace howdah::pool {
namespace {

struct PoolOfFewRequests : PoolTest {
  static constexpr uint32_t kLimit = 3;  // too small for a jitter
  PoolOfFewRequests() : PoolTest({.workers = 1, .queue_capacity = 100, .max_requests = kLimit}) {}
};

TEST_F(PoolOfFewRequests, AWorkerThatHasHadItsRequestsIsReplacedAndNothingIsLost) {
  constexpr uint32_t kTimes = 10;
  std::vector<std::unique_ptr<Client>> clients;
  for (uint32_t i = 0; i < kTimes * kLimit; ++i) {
    clients.push_back(std::make_unique<Client>("fine"));
    submit(*clients.back());
  }
  run_until([&] { return std::ranges::all_of(clients, [](auto& each) { return each->over; }); });
  for (auto& client : clients) EXPECT_EQ(client->body, "fine");
  run_until([&] { return pool.status().restarts[Restart::kMaxRequests] == kTimes; });
  EXPECT_EQ(pool.status().restarts[Restart::kCrash] + pool.status().restarts[Restart::kOther], 0U);
  EXPECT_FALSE(sink.has("worker died") || sink.has("worker ended"));
  EXPECT_EQ(hosts.size(), 1U);
}

struct PoolOfManyRequests : PoolTest {
  PoolOfManyRequests() : PoolTest({.workers = 1, .queue_capacity = 4, .max_requests = 40}) {}
};

TEST_F(PoolOfManyRequests, EachWorkerEndsAtAnotherCountNotAboveTheLimit) {
  std::set<uint64_t> counts;
  for (uint64_t served = 0, began = 0, seen = 0; counts.size() < 3; ++served) {
    ASSERT_LT(served, 5000U);
    expect_served();
    const uint64_t restarts = pool.status().restarts[Restart::kMaxRequests];
    if (restarts == seen) continue;
    seen = restarts;
    // The restart may be seen one request late: that one is the successor's.
    EXPECT_LE(served - began, 41U);
    EXPECT_GE(served - began, 29U);
    counts.insert(served - began);
    began = served;
  }
}

struct PoolOfLittleMemory : PoolTest {
  PoolOfLittleMemory() : PoolTest({.workers = kWorkers, .queue_capacity = 4, .max_memory = kFat}) {}
};

TEST_F(PoolOfLittleMemory, AWorkerThatHasGrownTooMuchIsReplaced) {
  for (int i = 0; i < 10; ++i) expect_served();
  Client client("fatten");
  submit(client);
  run_until([&] { return pool.status().restarts[Restart::kMaxMemory] == 1; });
  EXPECT_EQ(client.body, "done");
  run_until([&] { return pool.status().live_workers == kWorkers; });
  expect_served();
  EXPECT_EQ(hosts.size(), 1U);
  EXPECT_TRUE(sink.has("PHP_MAX_MEMORY"));
}

struct GrowingPool : PoolTest {
  GrowingPool() : PoolTest({.workers = 1, .workers_max = 4, .queue_capacity = 8, .cpus = 1024}) {}
  // That neither end nor use a CPU.
  void occupy(uint32_t count) {
    while (count-- > 0) {
      waiting.push_back(std::make_unique<Client>("hang"));
      submit(*waiting.back());
    }
  }
  void let_go() {
    for (auto& client : waiting) pool.dispatcher(0).abandon(client->job);
    waiting.clear();
  }
  std::vector<std::unique_ptr<Client>> waiting;
};

TEST_F(GrowingPool, GrowsWhileRequestsWaitUpToItsMost) {
  EXPECT_EQ(pool.worker_status().size(), 1U);
  occupy(6);
  run_until([&] { return pool.status().running == 4; });
  EXPECT_EQ(pool.status().live_workers, 4U);
  EXPECT_EQ(pool.worker_status().size(), 4U);
  std::set<uint32_t> numbers;
  for (const WorkerStatus& worker : pool.worker_status()) numbers.insert(worker.worker);
  EXPECT_EQ(numbers, (std::set<uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(pool.status().waiting, 2U);
  let_go();
}

TEST_F(GrowingPool, ShrinksWhenWorkersAreIdleAndGrowsAgain) {
  occupy(4);
  run_until([&] { return pool.status().running == 4; });
  let_go();
  const base::Nanos began = base::monotonic_now();
  run_until([&] { return pool.worker_status().size() == 1; });
  EXPECT_GE(base::monotonic_now() - began, kIdleLimit / 2);
  EXPECT_EQ(pool.worker_status()[0].worker, 0U);
  EXPECT_EQ(pool.status().restarts[Restart::kIdle], 3U);
  EXPECT_EQ(pool.status().restarts[Restart::kCrash] + pool.status().restarts[Restart::kOther], 0U);
  expect_served();
  occupy(2);
  run_until([&] { return pool.status().running == 2; });
  let_go();
}

TEST_F(GrowingPool, ThoseThatAlwaysAreStayBesideOneThatIsBusyForLong) {
  occupy(4);
  run_until([&] { return pool.status().running == 4; });
  // The last one to begin is that of a worker that came later.
  while (waiting.size() > 1) {
    pool.dispatcher(0).abandon(waiting.front()->job);
    waiting.erase(waiting.begin());
  }
  run_until([&] { return pool.status().restarts[Restart::kIdle] >= 2U; });
  run_for(5 * kTick);
  EXPECT_EQ(pool.status().restarts[Restart::kIdle], 2U);
  ASSERT_EQ(pool.worker_status().size(), 2U);
  EXPECT_EQ(pool.worker_status()[0].worker, 0U);
  let_go();
}

struct PoolWithoutFreeCpu : PoolTest {
  PoolWithoutFreeCpu() : PoolTest({.workers = 1, .workers_max = 4, .cpus = 1}) {}
};

TEST_F(PoolWithoutFreeCpu, DoesNotGrowWhileItsWorkersWantEveryCpu) {
  Client busy("spin"), waits("fine");
  submit(busy);
  submit(waits);
  run_for(20 * kTick);
  EXPECT_EQ(pool.worker_status().size(), 1U);
  shared.may_end = true;
  run_until([&] { return busy.over && waits.over; });
}

}  // namespace
}  // namespace howdah::pool

// Jobs and their answers; workers that die and workers that lie.

#include "pool/pool_fixture.h"

namespace howdah::pool {
namespace {

TEST_F(PoolTest, AnswersAJob) {
  expect_served();
  EXPECT_EQ(pool.status().live_workers, kWorkers);
}

TEST_F(PoolTest, ManyJobsThroughFewSlotsKeepTheirAnswers) {
  for (int i = 0; i < 2000; ++i) expect_served(std::to_string(i));
  EXPECT_EQ(hosts.size(), 1u);
}

TEST_F(PoolTest, AJobWhoseWorkerDiesIsLostAndTheWorkerIsReplaced) {
  Client victim("die");
  submit(victim);
  run_until([&] { return victim.over; });
  EXPECT_TRUE(victim.lost);
  for (int i = 0; i < 4; ++i) expect_served();
  run_until([&] { return pool.status().live_workers == kWorkers; });
  EXPECT_EQ(pool.status().restarts[Restart::kCrash], 1u);
}

TEST_F(PoolTest, TheLogSaysHowAWorkerEnded) {
  for (std::string_view verb : {"die", "exit-137", "break-ring"}) {
    Client victim(verb);
    submit(victim);
    run_until([&] { return victim.over && pool.status().live_workers == kWorkers; });
  }
  Client slow("hang-hard");
  submit(slow);
  run_until([&] { return slow.calls > 0; });
  pool.dispatcher(0).cancel(slow.job);
  run_until([&] { return pool.status().restarts[Restart::kTimeout] == 1; });
  EXPECT_TRUE(sink.has("killed by SIGSEGV"));
  EXPECT_TRUE(sink.has("\"cause\":\"exit status 137\"")) << sink.lines;
  EXPECT_TRUE(sink.has("killed by SIGKILL (it broke the channel's rules)")) << sink.lines;
  EXPECT_TRUE(sink.has("killed by SIGKILL (its time was up)")) << sink.lines;
}

TEST_F(PoolTest, AnAnswerThatWasCompleteBeforeTheDeathIsDelivered) {
  Client client("die-after");
  submit(client);
  run_until([&] { return client.over; });
  EXPECT_FALSE(client.lost);
  EXPECT_EQ(client.body, "last words");
}

TEST_F(PoolTest, AJobThatHadNotBegunIsGivenToAnotherWorker) {
  Client victim("die-unbegun");  // kills every worker that takes it, so it is taken back in the end
  submit(victim);
  run_until([&] { return pool.status().restarts[Restart::kCrash] >= 2; });
  EXPECT_FALSE(victim.over);
  pool.dispatcher(0).abandon(victim.job);
  run_until([&] { return pool.status().live_workers == kWorkers; });
  expect_served();
}

// Between a worker's claim and its begin() either of the two sides wins, never both.

TEST_F(PoolTest, AJobThatIsTakenBackBeforeItBeginsIsNotRun) {
  Client late("wait-unbegun"), left("wait-unbegun");
  submit(late);
  submit(left);
  run_until([&] { return pool.status().running == kWorkers; });
  EXPECT_TRUE(pool.dispatcher(0).withdraw(late.job));
  pool.dispatcher(0).abandon(left.job);
  shared.may_begin = true;
  for (int i = 0; i < 4; ++i) expect_served();
  EXPECT_EQ(shared.begun, 4);
  EXPECT_EQ(late.calls + left.calls, 0);
}

TEST_F(PoolTest, AJobThatHasBegunIsNotTakenBack) {
  Client client("wait-unbegun");
  shared.may_begin = true;
  submit(client);
  run_until([&] { return shared.begun == 1; });
  EXPECT_FALSE(pool.dispatcher(0).withdraw(client.job));
  run_until([&] { return client.over; });
  EXPECT_EQ(client.body, "wait-unbegun");
}

TEST_F(PoolTest, RefusesWhatTheQueueCannotHold) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<Client>("hang"));
    submit(*clients.back());
  }
  Client refused("fine");
  EXPECT_EQ(pool.dispatcher(0).submit(refused.job), Submit::kQueueFull);
  for (auto& client : clients) pool.dispatcher(0).abandon(client->job);
  expect_served();
}

TEST_F(PoolTest, NamesTheRequestsThatAreNotOver) {
  EXPECT_TRUE(pool.open_requests().empty());
  std::vector<std::unique_ptr<Client>> clients;
  for (uint32_t i = 0; i < kWorkers + 1; ++i) {
    clients.push_back(std::make_unique<Client>("hang"));
    clients.back()->job.submitted_at = base::monotonic_now() - base::kSecond;
    submit(*clients.back());
  }
  run_until([&] { return pool.status().running == kWorkers; });
  const std::vector<OpenRequest> open = pool.open_requests();
  ASSERT_EQ(open.size(), kWorkers + 1);
  for (const OpenRequest& request : open) {
    EXPECT_EQ(request.request, "GET ");
    EXPECT_GE(request.age, base::kSecond);
    const bool runs = request.phase == OpenRequest::Phase::kRunning;
    EXPECT_EQ(runs, request.worker >= 0);
    EXPECT_EQ(runs, request.pid > 0);
  }
  EXPECT_EQ(open.back().phase, OpenRequest::Phase::kQueued);
  for (auto& client : clients) pool.dispatcher(0).abandon(client->job);
}

TEST_F(PoolTest, AConsumerThatTakesLittleGetsEveryByteOnce) {
  Client client("large");
  client.take_at_most = 7000;
  submit(client);
  while (!client.over) {
    int before = client.calls;
    run_until([&] { return client.calls > before || client.over; });
    if (!client.over) pool.dispatcher(0).resume(client.job);
  }
  EXPECT_EQ(client.body, std::string(1'000'000, 'x'));
  expect_served();
}

TEST_F(PoolTest, AnAbandonedHeldBackJobFreesItsWorker) {
  for (uint32_t i = 0; i < kWorkers; ++i) {
    Client client("large");
    client.take_at_most = 10;
    submit(client);
    run_until([&] { return client.calls > 0; });
    pool.dispatcher(0).abandon(client.job);
  }
  for (int i = 0; i < 10; ++i) expect_served();
}

TEST_F(PoolTest, AHostThatDiesIsReplacedAndWhatHadNotBegunIsServed) {
  Client running("hang-hard"), running_too("hang-hard"), queued("fine");
  submit(running);
  submit(running_too);
  run_until([&] { return running.calls > 0 && running_too.calls > 0; });
  submit(queued);
  ::kill(hosts.back(), SIGKILL);
  run_until([&] { return queued.over; });
  EXPECT_TRUE(running.lost && running_too.lost);
  EXPECT_FALSE(queued.lost);
  EXPECT_EQ(queued.body, "fine");
  EXPECT_EQ(hosts.size(), 2u);
}

TEST_F(PoolTest, AHostThatIsReadyTwiceKeepsTheWorkersThatItHas) {
  Client running("linger");
  submit(running);
  run_until([&] { return running.calls > 0; });
  shared.readies = 1;
  run_until([&] { return sink.has("says that it is ready"); });
  shared.may_end = true;
  run_until([&] { return running.over; });
  EXPECT_FALSE(running.lost);
  for (int i = 0; i < 4; ++i) expect_served();
  EXPECT_EQ(pool.status().live_workers, kWorkers);
}

TEST_F(PoolTest, AWorkerThatReleasesARequestUnansweredLosesItAtOnce) {
  Client victim("release-unanswered");
  submit(victim);
  run_until([&] { return victim.over && pool.status().live_workers == kWorkers; });
  EXPECT_TRUE(victim.lost);
  EXPECT_TRUE(sink.has("a request was released unanswered")) << sink.lines;
  for (int i = 0; i < 4; ++i) expect_served();
}

TEST_F(PoolTest, AWorkerThatBreaksItsRingIsToldOfOnce) {
  Client victim("break-ring");
  submit(victim);
  run_until([&] { return victim.over; });
  run_until([&] { return pool.status().live_workers == kWorkers; });
  EXPECT_TRUE(victim.lost);
  EXPECT_EQ(sink.count("worker broke the channel's rules"), 1) << sink.lines;
}

TEST_F(PoolTest, AWorkerThatForgesFramesLosesItsJobAtWorst) {
  for (std::string_view verb : {"forge-ticketless", "forge-stale", "forge-lines"}) {
    Client client(verb);
    submit(client);
    run_until([&] { return client.over; });
    EXPECT_TRUE(client.lost || client.body.size() <= verb.size()) << verb;
    for (int i = 0; i < 4; ++i) expect_served();
  }
}

TEST_F(PoolTest, AWorkerThatGoesOnAfterTheEndOfItsAnswerIsKilled) {
  Client client("forge-finish");
  client.take_at_most = 10;
  submit(client);
  run_until([&] { return client.over; });
  EXPECT_TRUE(client.lost);
  EXPECT_LE(client.body.size(), 3 * channel::kRingBytes);
  EXPECT_TRUE(sink.has("an answer that it has finished")) << sink.lines;
  for (int i = 0; i < 4; ++i) expect_served();
}

TEST_F(PoolTest, AWorkerThatScribblesOverTheClaimsCostsItsGeneration) {
  size_t generations = hosts.size();
  for (std::string_view verb :
       {"scribble-own-ticket", "scribble-own-name", "scribble-other-words"}) {
    Client client(verb);
    submit(client);
    ++generations;
    run_until([&] { return client.over && hosts.size() == generations; });
    run_until([&] { return pool.status().live_workers == kWorkers; });
    for (int i = 0; i < 4; ++i) expect_served();
    EXPECT_EQ(hosts.size(), generations) << verb;
  }
}

TEST_F(PoolTest, ARequestThatWasPassedOverIsServedByTheNextGeneration) {
  Client hangs("hang-hard"), scribbles("scribble-pass-over"), waits("fine");
  submit(hangs);
  submit(scribbles);
  run_until([&] { return shared.begun == 2; });
  submit(waits);
  run_until([&] { return waits.over; });
  EXPECT_EQ(waits.body, "fine");
  EXPECT_EQ(hosts.size(), 2u);
}

TEST_F(PoolTest, AJobThatWasAnsweredIsNotRunAgainWhateverItsWordSays) {
  Client client("unbegin");
  submit(client);
  run_until([&] { return client.calls > 0; });
  shared.seen = true;
  run_until([&] { return client.over; });
  EXPECT_TRUE(client.lost);
  EXPECT_EQ(shared.begun, 1);
  expect_served();
}

TEST_F(PoolTest, AFinishedWorkerIsNotHeldBackForTheClientOfItsLastRequest) {
  Client slow("medium");
  slow.take_at_most = 10;
  submit(slow);
  run_until([&] { return slow.calls > 0; });
  // More than there are other workers: the slow one's has to serve too.
  for (int i = 0; i < 20; ++i) expect_served();
  std::vector<std::unique_ptr<Client>> both;
  for (uint32_t i = 0; i < kWorkers; ++i) {
    both.push_back(std::make_unique<Client>("fine"));
    submit(*both.back());
  }
  run_until([&] { return both[0]->over && both[1]->over; });
}

TEST_F(PoolTest, AJobIsOverWhileItsScriptGoesOn) {
  Client client("finish");
  submit(client);
  run_until([&] { return client.over; });
  EXPECT_EQ(client.body, "xxxx");
  EXPECT_EQ(pool.status().running, 1u);
  EXPECT_EQ(pool.worker_status()[client.worker].phase, WorkerPhase::kBackground);
  for (int i = 0; i < 4; ++i) expect_served();
  shared.may_end = true;
  run_until([&] { return pool.status().running == 0; });
}

TEST_F(PoolTest, TellsForHowLongARequestIsThereThoughNobodyWaitsForIt) {
  const base::Nanos age = 3600 * base::kSecond;
  Client answered("finish");
  answered.job.submitted_at = base::monotonic_now() - age;
  submit(answered);
  run_until([&] { return answered.over; });
  Client left("hang-hard");
  left.job.submitted_at = base::monotonic_now() - age;
  submit(left);
  run_until([&] { return left.status == 200; });
  pool.dispatcher(0).abandon(left.job);
  for (const WorkerStatus& worker : pool.worker_status()) EXPECT_GE(worker.busy_for, age);
  shared.may_end = true;
}

TEST_F(PoolTest, AFinishedAnswerIsTakenAtOnceForASlowClientToo) {
  Client slow("finish-large");
  slow.take_at_most = 10;
  submit(slow);
  run_until([&] { return slow.over; });
  EXPECT_EQ(slow.body, std::string(200'000, 'x'));
  EXPECT_EQ(pool.status().running, 1u);
}

TEST_F(PoolTest, ADeathAfterTheAnswerIsLoggedAndLosesNothing) {
  Client client("finish-die");
  submit(client);
  run_until([&] { return client.over; });
  shared.may_end = true;
  run_until([&] { return pool.status().restarts[Restart::kCrash] == 1; });
  EXPECT_FALSE(client.lost);
  EXPECT_TRUE(sink.has("\"background\":true")) << sink.lines;
  for (int i = 0; i < 4; ++i) expect_served();
}

}  // namespace
}  // namespace howdah::pool

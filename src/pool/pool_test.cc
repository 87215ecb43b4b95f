// The pool against real worker processes under a small host of the test's own. One file, though
// long: all tests share that host, whose verbs (what a worker is told to do wrong) are read
// together with them.

#include "pool/pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <map>
#include <set>

#include "base/unix_socket.h"
#include "channel/worker_channel.h"

namespace howdah::pool {
namespace {

using channel::ControlMessage;
using channel::ControlType;

// What the test and its workers share.
struct Shared {
  std::atomic<int> begun;          // requests that workers have begun
  std::atomic<bool> may_begin;     // for "wait-unbegun"
  std::atomic<bool> seen;          // for "unbegin": the test has its head
  std::atomic<bool> may_end;       // for "linger"
  std::atomic<int> renewals;       // to be asked for by the host
  std::atomic<bool> threads;       // whether the host says that its workers are threads
  std::atomic<bool> cannot_start;  // for hosts to come
};
Shared& shared = *static_cast<Shared*>(
    ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));

// In a worker process: a second descriptor of its response region.
int region_of_this_worker = -1;

// What "fatten" makes a worker grow by.
constexpr size_t kFat = 64 << 20;

// The regions of this worker's host.
std::unique_ptr<channel::SharedRegions> regions;

// Changes the claim words of running requests as no honest worker does.
template <class Change>
void forge_words(Change change) {
  for (std::atomic<uint64_t>& word : regions->claims().slots) {
    channel::Claim claim = channel::Claim::unpack(word);
    if (claim.state != channel::SlotState::kRunning) continue;
    change(claim);
    word = channel::Claim::pack(claim);
  }
}

void scribble(std::string_view verb) {
  channel::ClaimsRegion& claims = regions->claims();
  if (verb == "scribble-own-ticket") {
    forge_words([](channel::Claim& claim) { claim.ticket ^= 0xFFFF; });
    for (;;) ::pause();
  } else if (verb == "scribble-own-name") {
    forge_words([](channel::Claim& claim) { claim.worker = 4000; });
    ::raise(SIGKILL);
  } else if (verb == "scribble-other-words") {
    for (std::atomic<uint64_t>& word : claims.slots) {
      if (word == 0) word = 0xDEADBEEF12345678;
    }
  } else if (verb == "scribble-pass-over") {
    // Waits for a request behind this one and passes it over.
    while (regions->requests().order_tail < claims.order_head + 1) ::usleep(100);
    claims.order_head = regions->requests().order_tail.load();
  }
}

// Writes frames as no honest worker does.
void forge_frames(uint32_t ticket, channel::FrameType type, int count) {
  auto controls = channel::map_region_prefix(region_of_this_worker, channel::kRingControls,
                                             channel::Access::kReadWrite);
  auto ring = channel::RingMapping::map(region_of_this_worker, channel::ring_offset(0),
                                        channel::kRingBytes);
  auto& control = *static_cast<channel::RingControl*>(controls->data());
  uint64_t written = control.written;
  for (int i = 0; i < count; ++i) {
    channel::FrameHeader header{ticket, static_cast<uint16_t>(type), 0, 1, 0};
    std::memcpy(ring->data() + written % channel::kRingBytes, &header, sizeof header);
    written += channel::frame_bytes(1);
  }
  control.written = written;
}

// A position that no ring can have, told to the front; then waits for its death.
[[noreturn]] void break_ring() {
  auto controls = channel::map_region_prefix(region_of_this_worker, channel::kRingControls,
                                             channel::Access::kReadWrite);
  static_cast<channel::RingControl*>(controls->data())->written = uint64_t{1} << 60;
  regions->claims().news[0].words[0] = ~uint64_t{0};
  uint64_t one = 1;
  std::ignore = ::write(regions->loop_event(0), &one, sizeof one);
  for (;;) ::pause();
}

// What a test worker does with a request: the verb is the request's query string.
void act(channel::WorkerChannel& worker, const channel::Request& request) {
  std::string_view verb;
  channel::RequestView view = request.vars;
  channel::RequestView::Item item;
  while (view.next(item)) {
    if (item.var == channel::Var::kQueryString) verb = item.value;
  }
  if (verb == "die-unbegun") ::raise(SIGKILL);
  while (verb == "wait-unbegun" && !shared.may_begin) ::usleep(100);
  if (!worker.begin()) return;
  ++shared.begun;
  if (verb == "die") {
    ::signal(SIGSEGV, SIG_DFL);  // a sanitizer has a handler of its own
    ::raise(SIGSEGV);
  }
  if (verb == "exit-137") ::_exit(137);
  if (verb == "break-ring") break_ring();
  if (verb == "forge-ticketless") forge_frames(0, channel::FrameType::kBody, 60);
  if (verb == "forge-stale") forge_frames(0xABCDEF, channel::FrameType::kBody, 60);
  if (verb == "forge-lines") forge_frames(0xABCDEF, channel::FrameType::kLog, 5000);
  channel::ResponseHeadEncoder head;
  head.begin(200);
  worker.head(head);
  if (verb.starts_with("hang")) worker.flush();
  if (verb == "hang") {
    while (!worker.cancelled() && !worker.client_gone()) ::usleep(1000);
  } else if (verb == "hang-beating") {
    worker.want_deadline(base::monotonic_now() + 3600 * base::kSecond);
    worker.flush();
    while (!worker.cancelled()) ::usleep(1000);
  } else if (verb == "release-unanswered") {
    worker.flush();
    forge_words([](channel::Claim& claim) { claim.state = channel::SlotState::kReleased; });
    for (;;) ::pause();
  } else if (verb == "hang-hard") {
    for (;;) ::pause();
  } else if (verb == "spin") {
    while (!shared.may_end) continue;
  } else if (verb == "linger") {
    worker.flush();
    while (!shared.may_end) ::usleep(100);
    worker.body("done");
  } else if (verb == "forge-finish") {
    forge_words([](channel::Claim& claim) { claim.state = channel::SlotState::kFinished; });
    for (;;) worker.body(std::string(1000, 'x'));
  } else if (verb.starts_with("finish")) {
    worker.body(std::string(verb == "finish-large" ? 200'000 : 4, 'x'));
    if (verb == "finish-large") worker.flush();
    worker.finish();
    while (!shared.may_end) ::usleep(100);
    if (verb == "finish-die") ::raise(SIGKILL);
  } else if (verb == "die-when-told") {
    worker.flush();
    while (!shared.may_end) ::usleep(100);
    ::raise(SIGKILL);
  } else if (verb == "unbegin") {
    worker.flush();
    while (!shared.seen) ::usleep(100);
    forge_words([](channel::Claim& claim) { claim.state = channel::SlotState::kClaimed; });
    ::raise(SIGKILL);
  } else if (verb.starts_with("scribble")) {
    scribble(verb);
  } else if (verb == "fatten") {
    static std::vector<char> memory;
    memory.assign(kFat, 'x');
    worker.body("done");
  } else if (verb == "medium") {
    worker.body(std::string(100'000, 'x'));
  } else if (verb == "large") {
    for (int i = 0; i < 1000; ++i) worker.body(std::string(1000, 'x'));
  } else if (verb == "die-after") {
    worker.body("last words");
    worker.end();
    ::raise(SIGKILL);
  } else {
    worker.body(verb);
  }
  worker.release();
}

const pid_t parent_of_test = ::getpid();

// The parent may be dead before the signal is asked for.
void die_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
}

// A host: forks workers on kSpawn, reports deaths, ends at EOF. Runs in a process of its own.
[[noreturn]] void run_host(int socket) {
  die_with(parent_of_test);
  ControlMessage message;
  std::map<pid_t, channel::ControlHeader> children;
  std::ignore = base::set_nonblocking(socket);
  for (;;) {
    auto got = channel::receive_control(socket, message);
    if (got && !*got) ::_exit(0);
    if (got && message.header.type == ControlType::kHello) {
      if (shared.cannot_start) {
        std::ignore = channel::send_control(socket, {.type = ControlType::kFailed}, "no php.ini");
        ::_exit(1);
      }
      std::vector<base::UniqueFd> events;
      for (size_t i = 2; i < message.fds.size(); ++i) events.push_back(std::move(message.fds[i]));
      regions = std::move(*channel::SharedRegions::attach(
          std::move(message.fds[0]), std::move(message.fds[1]), std::move(events)));
      std::ignore = channel::send_control(
          socket,
          {.type = ControlType::kReady, .pid = ::getpid(), .status = shared.threads ? 1 : 0},
          std::string(channel::build_id()) + "\ntest");
    } else if (got && message.header.type == ControlType::kSpawn) {
      channel::ControlHeader header = message.header;
      pid_t host = ::getpid();
      pid_t pid = ::fork();
      if (pid == 0) {
        die_with(host);
        region_of_this_worker = ::dup(message.fds[0].get());
        auto worker =
            channel::WorkerChannel::attach(*regions, header.worker, header.incarnation,
                                           std::move(message.fds[0]), std::move(message.fds[1]));
        while (const channel::Request* request = (*worker)->next_request()) {
          act(**worker, *request);
          if (header.requests != 0 && --header.requests == 0) ::_exit(channel::kHadItsRequests);
        }
        ::_exit(0);
      }
      header.type = ControlType::kSpawned;
      header.pid = pid;
      children[pid] = header;
      std::ignore = channel::send_control(socket, header);
    } else if (got && message.header.type == ControlType::kKill) {
      for (auto& [pid, header] : children) {
        bool meant = header.worker == message.header.worker &&
                     header.incarnation == message.header.incarnation;
        if (meant) ::kill(pid, SIGKILL);
      }
    }
    if (regions && shared.renewals > 0) {
      --shared.renewals;
      std::ignore = channel::send_control(socket, {.type = ControlType::kRenewalWanted});
    }
    int status = 0;
    pid_t dead = ::waitpid(-1, &status, WNOHANG);
    if (dead > 0) {
      channel::ControlHeader header = children[dead];
      children.erase(dead);
      header.type = ControlType::kExited;
      header.pid = dead;
      header.status = status;
      std::ignore = channel::send_control(socket, header);
    }
    if (!got && dead <= 0) ::usleep(200);
  }
}

struct KeptLog : base::LogSink {
  void write_line(std::string_view line) override { lines += line; }
  bool has(std::string_view text) const { return lines.find(text) != lines.npos; }
  int count(std::string_view text) const {
    int found = 0;
    for (size_t at = lines.find(text); at != lines.npos; at = lines.find(text, at + 1)) ++found;
    return found;
  }
  std::string lines;
};

// One job of the test and what came of it.
struct Client : AnswerConsumer {
  Client(std::string_view verb) {
    encoder.begin();
    encoder.add(channel::Var::kRequestMethod, "GET");
    encoder.add(channel::Var::kQueryString, verb);
    job.request = encoder.bytes();
    job.consumer = this;
  }
  size_t on_answer(const AnswerPart& part) override {
    ++calls;
    if (part.head != nullptr) status = part.head->status();
    size_t room = part.must_take ? part.body_size : std::min(part.body_size, take_at_most);
    size_t left = room;
    for (std::string_view piece : part.body) {
      body += piece.substr(0, left);
      left -= std::min(left, piece.size());
    }
    if (room == part.body_size && part.end) over = true;
    worker = part.worker;
    return room;
  }
  void on_lost(Loss) override { lost = over = true; }

  channel::RequestEncoder encoder;
  Job job;
  std::string body;
  int status = 0;
  int calls = 0;
  size_t take_at_most = SIZE_MAX;
  uint32_t worker = 0;
  bool over = false;
  bool lost = false;
};

struct PoolTest : testing::Test, HostStarter {
  static constexpr uint32_t kWorkers = 2;

  explicit PoolTest(PoolOptions options = {.workers = kWorkers, .queue_capacity = 4})
      : pool(options, {&loop}, *this, log) {}

  void start_host(uint32_t generation, HostSettings settings) override {
    asked_for = settings;
    auto pair = *base::make_seqpacket_pair();
    pid_t pid = ::fork();
    if (pid == 0) {
      // Not the front's ends of its and other hosts' sockets, whose closing ends a host.
      constexpr int kSocket = STDERR_FILENO + 1;
      ::dup2(pair.second.get(), kSocket);
      ::close_range(kSocket + 1, ~0U, 0);
      run_host(kSocket);
    }
    hosts.push_back(pid);
    starts.push_back(base::monotonic_now());
    pool.host_started(generation, std::move(pair.first), pid);
  }
  void SetUp() override {
    shared.begun = 0;
    shared.may_begin = shared.seen = shared.may_end = false;
    shared.renewals = 0;
    shared.threads = threads;
    shared.cannot_start = false;
    pool.start([this] { ready = true; }, [](std::string why) { FAIL() << why; });
    run_until([this] { return ready; });
  }
  void TearDown() override {
    for (pid_t pid : hosts) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }
  // Runs the loop until `done`, looked at in every pass.
  template <class Done>
  void run_until(Done done) {
    struct Watch : net::PassHook {
      Watch(net::EventLoop& l, Done& d) : loop(l), done(d) {}
      bool poll() override { return false; }
      void end_pass() override {
        if (done() || base::monotonic_now() > give_up) loop.stop();
      }
      bool prepare_sleep() override { return true; }
      void wake_up() override {}
      net::EventLoop& loop;
      Done& done;
      base::Nanos give_up = base::monotonic_now() + 20 * base::kSecond;
    } watch(loop, done);
    loop.add_hook(watch);
    loop.run();
    loop.remove_hook(watch);
    ASSERT_TRUE(done());
  }
  void submit(Client& client) {
    ASSERT_EQ(pool.dispatcher(0).submit(client.job), Submit::kAccepted);
  }
  void expect_served(std::string_view verb = "fine") {
    Client client(verb);
    submit(client);
    run_until([&] { return client.over; });
    EXPECT_FALSE(client.lost);
    EXPECT_EQ(client.body, verb);
  }

  bool threads = false;
  KeptLog sink;
  base::Logger log{sink, {}};
  net::EventLoop loop{0};
  Pool pool;
  std::vector<pid_t> hosts;
  std::vector<base::Nanos> starts;  // of hosts
  // Reloads and returns what came of it.
  std::string reload(PoolOptions options) {
    std::optional<std::string> outcome;
    pool.reload(options, [&](std::string why) { outcome = std::move(why); });
    run_until([&] { return outcome.has_value(); });
    return outcome.value_or("never ended");
  }

  HostSettings asked_for = HostSettings::kInUse;
  bool ready = false;
};

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
  EXPECT_EQ(pool.status().restarts_crash, 1u);
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
  run_until([&] { return pool.status().restarts_timeout == 1; });
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
  run_until([&] { return pool.status().restarts_crash >= 2; });
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

TEST_F(PoolTest, ACancelledScriptThatYieldsKeepsItsWorker) {
  Client slow("hang");
  submit(slow);
  run_until([&] { return slow.calls > 0; });
  pool.dispatcher(0).cancel(slow.job);
  expect_served();
  EXPECT_EQ(pool.status().timeouts, 1u);
  EXPECT_EQ(pool.status().restarts_timeout, 0u);
}

TEST_F(PoolTest, ACancelledScriptThatDoesNotYieldIsKilled) {
  Client slow("hang-hard");
  submit(slow);
  run_until([&] { return slow.calls > 0; });
  pool.dispatcher(0).cancel(slow.job);
  run_until([&] { return pool.status().restarts_timeout == 1; });
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
  run_until([&] { return pool.status().restarts_timeout == 1; });
  EXPECT_GE(base::monotonic_now(), left.job.deadline + kCancelGrace);
  EXPECT_EQ(pool.status().abandoned_timeouts, 1u);
  EXPECT_TRUE(sink.has("script interrupted: REQUEST_TIMEOUT"));
  run_until([&] { return pool.status().live_workers == kWorkers; });
  EXPECT_EQ(pool.status().restarts_crash, 0u);
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
  ThreadedPoolTest() { threads = true; }
  void lose_a_thread() {
    const uint64_t lost = pool.status().restarts_timeout;
    Client stuck("hang-hard");
    submit(stuck);
    run_until([&] { return stuck.calls > 0; });
    pool.dispatcher(0).cancel(stuck.job);
    run_until([&] { return pool.status().restarts_timeout == lost + 1; });
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
  EXPECT_EQ(pool.status().restarts_other, kWorkers - 1);
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

TEST_F(ThreadedPoolTest, AThreadThatBreaksTheRulesCostsItsHost) {
  Client victim("break-ring");
  submit(victim);
  run_until([&] { return victim.over && pool.status().generation == 2; });
  EXPECT_TRUE(victim.lost);
  expect_served();
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

TEST_F(PoolTest, ManyCrashesInAShortTimeBringANewGeneration) {
  for (size_t i = 1; i < kManyCrashes; ++i) {
    Client victim("die");
    submit(victim);
    run_until([&] { return victim.over; });
    run_until([&] { return pool.status().restarts_crash == i; });
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
  run_until([&] { return pool.status().restarts_crash == 1; });
  EXPECT_FALSE(client.lost);
  EXPECT_TRUE(sink.has("\"background\":true")) << sink.lines;
  for (int i = 0; i < 4; ++i) expect_served();
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

// --- how many workers there are, and for how long ------------------------------------------------

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
  run_until([&] { return pool.status().restarts_max_requests == kTimes; });
  EXPECT_EQ(pool.status().restarts_crash + pool.status().restarts_other, 0U);
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
    const uint64_t restarts = pool.status().restarts_max_requests;
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
  run_until([&] { return pool.status().restarts_max_memory == 1; });
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
  EXPECT_EQ(pool.status().restarts_idle, 3U);
  EXPECT_EQ(pool.status().restarts_crash + pool.status().restarts_other, 0U);
  expect_served();
  occupy(2);
  run_until([&] { return pool.status().running == 2; });
  let_go();
}

struct PoolWithoutFreeCpu : PoolTest {
  PoolWithoutFreeCpu() : PoolTest({.workers = 1, .workers_max = 4, .cpus = 1}) {}
};

TEST_F(PoolWithoutFreeCpu, DoesNotGrowWhileItsWorkersWantEveryCpu) {
  Client busy("spin"), waits("fine");
  submit(busy);
  submit(waits);
  const base::Nanos until = base::monotonic_now() + 20 * kTick;
  run_until([&] { return base::monotonic_now() >= until; });
  EXPECT_EQ(pool.worker_status().size(), 1U);
  shared.may_end = true;
  run_until([&] { return busy.over && waits.over; });
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

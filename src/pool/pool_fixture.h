#pragma once

// A pool on one event loop with hosts of the tests' own (test_host.h).

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unix_socket.h"
#include "channel/request_codec.h"
#include "pool/pool.h"
#include "pool/test_host.h"

namespace howdah::pool {

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
    forget_shared(kind);
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
  void run_for(base::Nanos time) {
    const base::Nanos until = base::monotonic_now() + time;
    run_until([&] { return base::monotonic_now() >= until; });
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

  channel::WorkerKind kind = channel::WorkerKind::kProcess;
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

}  // namespace howdah::pool

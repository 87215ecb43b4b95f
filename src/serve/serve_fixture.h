#pragma once

// For tests: a front loop in memory, with a clock, a pool and clients of the test's own.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "channel/request_codec.h"
#include "serve/exchange.h"
#include "serve/front_loop.h"
#include "serve/test_disk.h"

namespace howdah::serve {

inline base::Nanos test_now = 1000 * base::kSecond;
inline base::Nanos test_clock() { return test_now; }

// A pool whose workers are the test.
class FakeQueue final : public pool::JobQueue {
 public:
  pool::Submit verdict = pool::Submit::kAccepted;
  std::vector<pool::Job*> jobs;
  bool begins = true;  // a worker takes each job at once
  int withdrawn = 0, abandoned = 0, cancelled = 0, resumed = 0;

  pool::Submit submit(pool::Job& job) override {
    if (verdict == pool::Submit::kAccepted) jobs.push_back(&job);
    return verdict;
  }
  bool withdraw(pool::Job& job) override {
    if (begins) return false;
    ++withdrawn;
    std::erase(jobs, &job);
    return true;
  }
  void abandon(pool::Job& job) override {
    ++abandoned;
    std::erase(jobs, &job);
  }
  void cancel(pool::Job& job) override {
    ++cancelled;
    std::erase(jobs, &job);
  }
  void resume(pool::Job&) override { ++resumed; }
  base::Nanos wanted = 0;  // what each script has asked for
  base::Nanos wanted_deadline(const pool::Job&, base::Nanos) override { return wanted; }

  // What PHP sees of the oldest job, or "(absent)".
  std::string var(std::string_view name) const {
    channel::RequestView view(jobs.at(0)->request);
    channel::RequestView::Item item;
    while (view.next(item)) {
      std::string_view known = item.var == channel::Var::kNamed
                                   ? item.name
                                   : channel::kVarNames[static_cast<size_t>(item.var)];
      if (known == name) return std::string(item.value);
    }
    return "(absent)";
  }

  struct Head {
    uint16_t status = 200;
    std::vector<std::pair<std::string, std::string>> fields;
  };
  enum Flags { kNone = 0, kFlush = 1, kEnd = 2 };
  // The oldest job's worker says something. Returns how much of the body was taken.
  size_t say(const Head* head, std::string_view body, int flags) {
    pool::Job* job = jobs.at(0);
    channel::ResponseHead decoded;
    pool::AnswerPart part;
    if (head != nullptr) {
      channel::ResponseHeadEncoder encoder;
      encoder.begin(head->status);
      for (auto& [name, value] : head->fields) encoder.add(name, value);
      EXPECT_TRUE(decoded.decode(encoder.bytes()));
      part.head = &decoded;
      part.interim = head->status < 200;
    }
    if (!body.empty()) part.body = {&body, 1};
    part.body_size = body.size();
    part.flush = (flags & kFlush) != 0;
    part.end = (flags & kEnd) != 0;
    part.worker = 7;
    if (part.end) jobs.erase(jobs.begin());
    size_t taken = job->consumer->on_answer(part);
    if (part.end && taken < body.size()) jobs.insert(jobs.begin(), job);
    return taken;
  }
  void lose(pool::Loss loss) {
    pool::Job* job = jobs.at(0);
    jobs.erase(jobs.begin());
    job->consumer->on_lost(loss);
  }
};

class RecordingObserver final : public ExchangeObserver {
 public:
  struct Seen {
    std::string method, path, query, error, agent;
    int status;
    uint64_t sent, received;
    bool timed_out, dropped;
  };
  std::vector<Seen> exchanges;
  std::vector<ConnectionLimit> limits;
  std::vector<http::Http2Cost> floods;
  int open = 0;

  void on_exchange(const ExchangeReport& report) override {
    exchanges.push_back({std::string(report.method), std::string(report.path),
                         std::string(report.query), std::string(report.error),
                         std::string(report.user_agent), report.status, report.sent_bytes,
                         report.received_bytes, report.timed_out, report.dropped});
  }
  void on_connection_opened() override { ++open; }
  void on_connection_closed() override { --open; }
  void on_connection_limit(ConnectionLimit limit) override { limits.push_back(limit); }
  void on_flood(http::Http2Cost cost) override { floods.push_back(cost); }
};

class CountingSink final : public base::LogSink {
 public:
  int lines = 0;
  void write_line(std::string_view) override { ++lines; }
};

class ServeTest : public testing::Test {
 protected:
  ServeTest() {
    char name[] = "/tmp/howdah-serve-XXXXXX";
    root_ = ::mkdtemp(name);
    options_.document_root = root_;
    options_.spool_dir = root_;
    put("app.php", "<?php");
    put("page.html", "<p>page</p>");
  }
  ~ServeTest() override {
    client_.reset();
    front_.reset();
    std::filesystem::remove_all(root_);
  }

  void put(const std::string& name, std::string_view text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + "/" + name).parent_path());
    std::ofstream(root_ + "/" + name, std::ios::binary) << text;
  }

  JobQueues queues() { return stub_ ? JobQueues{} : JobQueues{&queue_, &worker_queue_}; }
  // Begins to serve one client on a socket pair.
  void connect() {
    if (!front_) {
      auto shared = SharedServices::create(options_, log_, observer_, nullptr);
      ASSERT_TRUE(shared);
      shared_ = std::move(*shared);
      front_ = std::make_unique<FrontLoop>(loop_, *shared_, queues());
    }
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    client_.reset(ends[0]);
    front_->adopt(base::UniqueFd(ends[1]));
    turn();
  }
  // Lets the loop do all there is to do.
  void turn() {
    for (int quiet = 0; quiet < 2;) quiet = loop_.run_pass() ? 0 : quiet + 1;
  }
  // The same until something is so that another thread brings about.
  template <class Done>
  void turn_until(Done done) {
    const base::Nanos give_up = base::monotonic_now() + 20 * base::kSecond;
    while (!done()) {
      ASSERT_LT(base::monotonic_now(), give_up);
      turn();
    }
  }
  // The oldest job's worker says this, as soon as it may.
  void say_all(std::string_view body) {
    turn_until([&] {
      body.remove_prefix(queue_.say(nullptr, body, FakeQueue::kNone));
      return body.empty();
    });
  }
  // The oldest job's worker says `large` three times, on a disk that stands still: it has to wait
  // until the disk moves again.
  void say_more_than_the_disk_takes(const FakeQueue::Head& head, std::string_view large) {
    test_disk.stand_still(true);
    queue_.say(&head, large, FakeQueue::kNone);
    test_disk.wait_for_a_write();
    EXPECT_EQ(queue_.say(nullptr, large, FakeQueue::kNone), large.size());
    EXPECT_EQ(queue_.say(nullptr, large, FakeQueue::kNone), 0u);
    turn();
    EXPECT_EQ(queue_.resumed, 0);
    test_disk.stand_still(false);
    turn_until([&] { return queue_.resumed == 1; });
    say_all(large);
    queue_.say(nullptr, "", FakeQueue::kEnd);
  }
  void pass(base::Nanos time) {
    test_now += time;
    turn();
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
      turn();
      if (sent < 0 && errno != EAGAIN) return;
    }
    turn();
  }
  // What has arrived so far. `closed_` says whether the server has closed.
  std::string receive() {
    std::string all;
    char bytes[65536];
    for (;;) {
      turn();
      ssize_t got = ::recv(client_.get(), bytes, sizeof bytes, 0);
      if (got == 0) closed_ = true;
      if (got <= 0) return all;
      all.append(bytes, static_cast<size_t>(got));
    }
  }
  std::string ask(std::string_view request) {
    send(request);
    return receive();
  }
  std::string get(std::string_view path) {
    return ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }

  static bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }
  static std::string body_of(const std::string& answer) {
    size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "(no head)" : answer.substr(end + 4);
  }

  std::string root_;
  ServeOptions options_;
  bool stub_ = false;
  CountingSink sink_;
  base::Logger log_{sink_, {}};
  RecordingObserver observer_;
  FakeQueue queue_;
  FakeQueue worker_queue_;  // of the first worker script
  net::EventLoop loop_{0, test_clock};
  std::unique_ptr<SharedServices> shared_;
  std::unique_ptr<FrontLoop> front_;
  base::UniqueFd client_;
  bool closed_ = false;
};

}  // namespace howdah::serve

#include "serve/rate_store.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cctype>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "serve/rate_batch.h"

namespace howdah::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr base::Nanos kMinute = 60 * base::kSecond;

TEST(RateKey, NamesAClientAsItIsCounted) {
  auto key = [](const char* ip) { return rate_key(net::parse_ip(ip), kMinute); };
  EXPECT_EQ(key("192.0.2.1"), "howdah:rate:60000:192.0.2.1");
  EXPECT_EQ(key("::ffff:192.0.2.1"), "howdah:rate:60000:192.0.2.1");
  EXPECT_EQ(key("2001:db8:0:1:2:3:4:5"), "howdah:rate:60000:2001:db8:0:1::/64");
  EXPECT_EQ(rate_key(std::nullopt, base::kSecond), "howdah:rate:1000:unix");
}

// A Redis that says what the test wants it to.
class FakeRedis {
 public:
  // The reply to a command, whole; "" = none, "!" = the connection ends.
  using Answer = std::function<std::string(const std::vector<std::string>& words)>;

  explicit FakeRedis(Answer answer) : answer_(std::move(answer)) {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&name), &size);
    port = ntohs(name.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~FakeRedis() {
    stopping_ = true;
    thread_.join();
  }

  uint16_t port = 0;
  std::vector<std::vector<std::string>> commands() {
    std::lock_guard lock(mutex_);
    return commands_;
  }

 private:
  void run() {
    while (!stopping_) {
      base::UniqueFd client;
      if (readable(listener_.get())) client.reset(::accept(listener_.get(), nullptr, nullptr));
      std::string input;
      while (client && !stopping_) {
        if (!readable(client.get())) continue;
        char bytes[4096];
        ssize_t got = ::recv(client.get(), bytes, sizeof bytes, 0);
        if (got <= 0) break;
        input.append(bytes, static_cast<size_t>(got));
        if (!answer_all(input, client.get())) break;
      }
    }
  }
  static bool readable(int fd) {
    pollfd polled{fd, POLLIN, 0};
    return ::poll(&polled, 1, 20) > 0;
  }
  // False when the connection is to end.
  bool answer_all(std::string& input, int client) {
    std::vector<std::string> words;
    while (take_command(input, words)) {
      {
        std::lock_guard lock(mutex_);
        commands_.push_back(words);
      }
      std::string reply = answer_(words);
      if (reply == "!") return false;
      ::send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
    }
    return true;
  }
  static bool take_command(std::string& input, std::vector<std::string>& words) {
    words.clear();
    size_t at = input.find("\r\n");
    if (at == std::string::npos) return false;
    int count = std::atoi(input.c_str() + 1);
    at += 2;
    for (int i = 0; i < count; ++i) {
      size_t line = input.find("\r\n", at);
      if (line == std::string::npos) return false;
      size_t size = static_cast<size_t>(std::atoi(input.c_str() + at + 1));
      if (input.size() < line + 4 + size) return false;
      words.push_back(input.substr(line + 2, size));
      at = line + 4 + size;
    }
    input.erase(0, at);
    return true;
  }

  const Answer answer_;
  base::UniqueFd listener_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<std::vector<std::string>> commands_;
  std::thread thread_;
};

class LineSink final : public base::LogSink {
 public:
  void write_line(std::string_view line) override {
    std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
  }
  std::vector<std::string> lines() {
    std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

struct Waiter final : AdmissionWaiter {
  int told = 0;
  std::optional<AdmissionDecision> decision;
  void on_admission(const std::optional<AdmissionDecision>& said) override {
    ++told;
    decision = said;
  }
};

class RateStoreTest : public testing::Test {
 protected:
  void start(FakeRedis::Answer answer) {
    redis_.emplace(std::move(answer));
    RedisUrl url;
    url.host = "127.0.0.1";
    url.password = "hush";
    url.port = redis_->port;
    store_.emplace(url, log_);
  }
  // Turns the loop until it is so.
  void wait_until(const std::function<bool()>& condition) {
    base::Nanos give_up = base::monotonic_now() + 30 * base::kSecond;
    while (!condition()) {
      ASSERT_LT(base::monotonic_now(), give_up);
      if (!loop_.run_pass()) std::this_thread::yield();
    }
  }
  bool ask(Waiter& waiter, const char* ip = "192.0.2.1", uint64_t remaining = 9) {
    RateQuestion question;
    question.client = net::parse_ip(ip);
    question.table = &table_;
    question.key = net::client_key(*question.client);
    question.window = kWindow;
    question.length = kMinute;
    question.local = {.limited = true, .limit = 10, .remaining = remaining, .reset_seconds = 60};
    question.loop = &loop_;
    question.ticket = std::make_shared<AdmissionTicket>(&waiter);
    tickets_.push_back(question.ticket);
    table_.add(question.key, kWindow);
    return store_->ask(std::move(question));
  }
  size_t lines_with(std::string_view text) {
    size_t count = 0;
    for (const std::string& line : sink_.lines()) count += line.find(text) != std::string::npos;
    return count;
  }

  static constexpr uint32_t kWindow = 7;
  LineSink sink_;
  base::Logger log_{sink_, {}};
  RateTable table_{1, 16};
  net::EventLoop loop_{0};
  std::vector<AdmissionTicketPtr> tickets_;
  std::optional<FakeRedis> redis_;
  std::optional<RateStore> store_;
};

bool is_call(const std::vector<std::string>& words) { return words[0].starts_with("EVAL"); }
bool is_probe(const std::vector<std::string>& words) {
  return is_call(words) && words[3] == "howdah:rate:probe";
}
std::string counted(int count, int left) {
  return "*2\r\n:" + std::to_string(count) + "\r\n:" + std::to_string(left) + "\r\n";
}
// Does well with everything but requests that are counted.
FakeRedis::Answer answering(FakeRedis::Answer calls) {
  return [calls](const std::vector<std::string>& words) {
    if (is_probe(words)) return counted(1, 5);
    return is_call(words) ? calls(words) : std::string("+OK\r\n");
  };
}

TEST_F(RateStoreTest, SaysWhatIsLeftByTheCountOfAll) {
  start(answering([](const auto&) { return counted(7, 1500); }));
  wait_until([&] { return store_->up(); });
  Waiter waiter;
  ASSERT_TRUE(ask(waiter));
  wait_until([&] { return waiter.told == 1; });
  ASSERT_TRUE(waiter.decision);
  EXPECT_TRUE(waiter.decision->admitted);
  EXPECT_EQ(waiter.decision->limit, 10U);
  EXPECT_EQ(waiter.decision->remaining, 3U);
  EXPECT_EQ(waiter.decision->reset_seconds, 2U);
  EXPECT_EQ(table_.count(net::client_key(*net::parse_ip("192.0.2.1")), kWindow), 7U);
  EXPECT_EQ(redis_->commands()[0], (std::vector<std::string>{"AUTH", "hush"}));
  EXPECT_EQ(lines_with("RATE_LIMIT_STORE is there"), 1U);
  EXPECT_EQ(lines_with("hush"), 0U);
}

TEST_F(RateStoreTest, RefusesWhatIsBeyondTheLimit) {
  start(answering([](const auto&) { return counted(11, 1500); }));
  wait_until([&] { return store_->up(); });
  Waiter waiter;
  ASSERT_TRUE(ask(waiter));
  wait_until([&] { return waiter.told == 1; });
  ASSERT_TRUE(waiter.decision);
  EXPECT_FALSE(waiter.decision->admitted);
  EXPECT_EQ(waiter.decision->remaining, 0U);
}

TEST_F(RateStoreTest, NeverSaysMoreThanWasCountedHere) {
  start(answering([](const auto&) { return counted(1, 1500); }));
  wait_until([&] { return store_->up(); });
  Waiter waiter;
  ASSERT_TRUE(ask(waiter, "192.0.2.1", 2));
  wait_until([&] { return waiter.told == 1; });
  EXPECT_EQ(waiter.decision->remaining, 2U);
}

TEST_F(RateStoreTest, AsksAboutManyRequestsOfOneClientAtOnce) {
  std::atomic<bool> hold{true};
  int total = 0;
  start(answering([&](const auto& words) {
    while (hold) std::this_thread::yield();
    total += std::atoi(words[5].c_str());
    return counted(total, 1500);
  }));
  wait_until([&] { return store_->up(); });
  std::vector<Waiter> waiters(13);
  ASSERT_TRUE(ask(waiters[0]));
  wait_until([&] { return redis_->commands().size() >= 3; });
  for (size_t i = 1; i < waiters.size(); ++i) ASSERT_TRUE(ask(waiters[i]));
  hold = false;
  wait_until([&] { return waiters.back().told == 1; });
  size_t admitted = 0;
  for (const Waiter& waiter : waiters) {
    EXPECT_EQ(waiter.told, 1);
    ASSERT_TRUE(waiter.decision);
    admitted += waiter.decision->admitted;
  }
  EXPECT_EQ(admitted, 10U);
  auto commands = redis_->commands();
  EXPECT_EQ(commands.size(), 4U) << "AUTH, the probe, one for the first, one for all others";
  EXPECT_EQ(commands.back()[5], "12");
}

TEST_F(RateStoreTest, SendsTheScriptAgainToARedisThatHasForgottenIt) {
  start(answering([](const auto& words) {
    if (words[0] == "EVALSHA") return std::string("-NOSCRIPT No matching script\r\n");
    return counted(2, 1500);
  }));
  wait_until([&] { return store_->up(); });
  Waiter waiter;
  ASSERT_TRUE(ask(waiter));
  wait_until([&] { return waiter.told == 1; });
  ASSERT_TRUE(waiter.decision);
  EXPECT_EQ(waiter.decision->remaining, 8U);
  EXPECT_EQ(store_->errors(), 0U);
  EXPECT_EQ(redis_->commands().back()[1], kRateScript);
}

TEST_F(RateStoreTest, AKeyOfAnotherTypeIsOfThatClientAlone) {
  start(answering([](const auto& words) {
    bool bad = words[3].ends_with("192.0.2.66");
    return bad ? std::string("-WRONGTYPE Operation against a key\r\n") : counted(2, 1500);
  }));
  wait_until([&] { return store_->up(); });
  Waiter bad, good;
  ASSERT_TRUE(ask(bad, "192.0.2.66"));
  ASSERT_TRUE(ask(good));
  wait_until([&] { return bad.told == 1 && good.told == 1; });
  EXPECT_FALSE(bad.decision);
  EXPECT_TRUE(good.decision);
  EXPECT_TRUE(store_->up());
  EXPECT_EQ(store_->errors(), 1U);
}

TEST_F(RateStoreTest, IsAwayWhenItsRedisTakesNoWrites) {
  for (std::string error : {"-OOM command not allowed", "-READONLY You can't write", "-NOAUTH x"}) {
    start([error](const auto& words) { return is_call(words) ? error + "\r\n" : "+OK\r\n"; });
    wait_until([&] { return store_->errors() >= 2; });
    EXPECT_FALSE(store_->up());
    Waiter waiter;
    EXPECT_FALSE(ask(waiter));
    std::string word = error.substr(1, error.find(' ') - 1);
    EXPECT_EQ(lines_with("\"reason\":\"" + word + "\""), 1U) << "one line for many attempts";
    store_.reset();
  }
}

TEST_F(RateStoreTest, AWrongPasswordIsSaidWithoutIt) {
  start([](const auto& words) {
    return words[0] == "AUTH" ? "-WRONGPASS invalid hush\r\n" : std::string("+OK\r\n");
  });
  wait_until([&] { return store_->errors() >= 1 && !sink_.lines().empty(); });
  EXPECT_EQ(lines_with("WRONGPASS"), 1U);
  EXPECT_EQ(lines_with("hush"), 0U);
}

TEST_F(RateStoreTest, WhoWaitsIsToldThatThereIsNoAnswer) {
  for (std::string reply : {"", "!", "?\r\n", "+OK\r\n", "*2\r\n:-1\r\n:5\r\n"}) {
    start(answering([reply](const auto&) { return reply; }));
    wait_until([&] { return store_->up(); });
    Waiter waiter;
    ASSERT_TRUE(ask(waiter));
    wait_until([&] { return waiter.told == 1; });
    EXPECT_FALSE(waiter.decision) << reply;
    wait_until([&] { return store_->errors() >= 1; });
    store_.reset();
  }
}

TEST_F(RateStoreTest, ComesBackByItself) {
  std::atomic<bool> away{true};
  start([&](const auto& words) {
    if (away) return std::string("!");
    return is_call(words) ? counted(1, 5) : "+OK\r\n";
  });
  wait_until([&] { return store_->errors() >= 2; });
  away = false;
  wait_until([&] { return store_->up(); });
  EXPECT_EQ(lines_with("is away"), 1U);
  EXPECT_EQ(lines_with("is there"), 1U);
}

TEST_F(RateStoreTest, WhoHasLeftIsNotTold) {
  start(answering([](const auto&) { return counted(1, 5); }));
  wait_until([&] { return store_->up(); });
  Waiter gone, waiter;
  ASSERT_TRUE(ask(gone));
  tickets_.back()->waiter = nullptr;
  ASSERT_TRUE(ask(waiter));
  wait_until([&] { return waiter.told == 1; });
  EXPECT_EQ(gone.told, 0);
}

}  // namespace
}  // namespace howdah::serve

#include "serve/rate_store.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/background_thread.h"
#include "serve/rate_batch.h"

namespace howdah::serve {

RateStore::RateStore(RedisUrl url, const base::Logger& log) : url_(std::move(url)), log_(log) {
  if (auto thread = base::begin_background_thread("rate-store", [this] { run(); }); thread) {
    thread_ = std::move(*thread);
  } else {
    log_.error("rate limits are counted in this server alone",
               {{"error", thread.error().message()}});
  }
}

RateStore::~RateStore() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool RateStore::ask(RateQuestion question) {
  if (!up()) return false;
  bool first;
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() >= kStoreQueued) return false;
    first = queue_.empty();
    queue_.push_back(std::move(question));
  }
  if (first) changed_.notify_one();
  return true;
}

bool RateStore::stopping() {
  std::lock_guard lock(mutex_);
  return stopping_;
}

void RateStore::pause(base::Nanos time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds(time), [this] { return stopping_; });
}

RateStore::Questions RateStore::take(base::Nanos time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds(time),
                    [this] { return stopping_ || !queue_.empty(); });
  return std::exchange(queue_, {});
}

void RateStore::run() {
  base::Nanos between = kStoreFirstPause;
  while (!stopping()) {
    RedisConnection connection;
    Failure failure = open(connection);
    base::Nanos since = base::monotonic_now();
    if (failure.empty()) {
      note_up();
      failure = serve(connection);
    }
    up_.store(false, std::memory_order_release);
    // Those who asked just before that.
    RateBatch(take(0)).give_up();
    if (stopping()) return;
    note_away(failure);
    if (base::monotonic_now() - since >= kStoreSteadyTime) between = kStoreFirstPause;
    pause(between);
    between = std::min(2 * between, kStoreLongestPause);
  }
}

// Up is only what can be written to: a full Redis and a replica let clients in, too.
RateStore::Failure RateStore::open(RedisConnection& connection) {
  base::Nanos deadline = base::monotonic_now() + kStoreConnectTime;
  Failure failure = connection.open(url_, deadline);
  if (!failure.empty()) return failure;
  connection.add({"EVAL", kRateScript, "1", "howdah:rate:probe", "1000", "1"});
  Failure refused;
  failure = connection.exchange(deadline, [&](const redisReply& reply) {
    if (reply.type == REDIS_REPLY_ERROR) refused = error_word(reply);
  });
  return failure.empty() ? refused : failure;
}

RateStore::Failure RateStore::serve(RedisConnection& connection) {
  for (;;) {
    Questions questions = take(kStoreIdleTime);
    if (stopping()) {
      RateBatch(std::move(questions)).give_up();
      return {};
    }
    base::Nanos deadline = base::monotonic_now() + kStoreAnswerTime;
    Failure failure;
    if (questions.empty()) {
      // Is it still there?
      connection.add({"PING"});
      failure = connection.exchange(deadline, [](const redisReply&) {});
    } else {
      uint64_t refused = 0;
      failure = RateBatch(std::move(questions)).exchange(connection, deadline, refused);
      errors_.fetch_add(refused, std::memory_order_relaxed);
    }
    if (!failure.empty()) return failure;
  }
}

void RateStore::note_up() {
  if (std::exchange(state_, State::kUp) != State::kUp) {
    log_.info("RATE_LIMIT_STORE is there: clients are counted together",
              {{"store", std::string_view(url_.without_secrets())}});
  }
  up_.store(true, std::memory_order_release);
}

void RateStore::note_away(const Failure& why) {
  count_error();
  if (std::exchange(state_, State::kAway) == State::kAway) return;
  log_.warn(
      "RATE_LIMIT_STORE is away: this server counts by itself until it is back",
      {{"store", std::string_view(url_.without_secrets())}, {"reason", std::string_view(why)}});
}

}  // namespace howdah::serve

#pragma once

// RATE_LIMIT_STORE: one count of each client over several Howdah, kept in a Redis.
//
// A thread of its own talks to it, one round trip at a time: what is asked meanwhile is the next
// batch, in which each client is asked about once. A request waits for its answer for a short time
// (serve/limits.h); whenever there is none, what this process has counted decides. So a Redis that
// is away, hung, full or slow costs its exactness and nothing else.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "net/event_loop.h"
#include "net/ip_address.h"
#include "serve/observer.h"
#include "serve/rate_table.h"
#include "serve/redis_connection.h"

namespace howdah::serve {

// --- times and limits
// A batch that has no answer by then means that the Redis is away.
inline constexpr base::Nanos kStoreAnswerTime = 100 * base::kMillisecond;
inline constexpr base::Nanos kStoreConnectTime = base::kSecond;
// An idle connection is looked at this often.
inline constexpr base::Nanos kStoreIdleTime = 5 * base::kSecond;
// Between two attempts to reach it: doubled each time, until it has been there for
// kStoreSteadyTime.
inline constexpr base::Nanos kStoreFirstPause = 100 * base::kMillisecond;
inline constexpr base::Nanos kStoreLongestPause = 5 * base::kSecond;
inline constexpr base::Nanos kStoreSteadyTime = 10 * base::kSecond;
// Requests that wait for a batch; others are decided here.
inline constexpr size_t kStoreQueued = 4096;

// For the metrics.
struct RateStoreStatus {
  bool up = false;
  uint64_t errors = 0;
};

// What is asked about one request that has been counted here.
struct RateQuestion {
  std::optional<net::IpAddress> client;  // nothing: a unix socket
  RateTable* table = nullptr;            // hears what the answer says; outlives the store
  uint64_t key = 0;                      // the client's there
  uint32_t window = 0;                   // its number there
  base::Nanos length = 0;                // of windows
  AdmissionDecision local;
  net::EventLoop* loop = nullptr;
  AdmissionTicketPtr ticket;
};

// What clients are called in the Redis: "howdah:rate:60000:192.0.2.1" for windows of a minute.
std::string rate_key(const std::optional<net::IpAddress>& client, base::Nanos window);

// ask(), up() and errors() are for any thread. Ends before the loops that ask.
class RateStore {
 public:
  // Begins to connect. `log` outlives the store.
  RateStore(RedisUrl url, const base::Logger& log);
  // Waits for its thread: a second or two when a name is just being looked up.
  ~RateStore();
  RateStore(const RateStore&) = delete;
  RateStore& operator=(const RateStore&) = delete;

  // The ticket's waiter will be told, with nothing when there is no answer. False: it will not,
  // since the Redis is away or too many wait.
  bool ask(RateQuestion question);
  RateStoreStatus status() const { return {up(), errors()}; }
  bool up() const { return up_.load(std::memory_order_acquire); }
  // Failed attempts to connect, failed batches, and answers that were errors.
  uint64_t errors() const { return errors_.load(std::memory_order_relaxed); }

 private:
  using Questions = std::vector<RateQuestion>;
  using Failure = RedisConnection::Failure;
  enum class State { kUnknown, kUp, kAway };

  void run();
  Failure open(RedisConnection& connection);
  Failure serve(RedisConnection& connection);
  // Until something is asked, the time is over or the store ends; what was asked.
  Questions take(base::Nanos time);
  bool stopping();
  void pause(base::Nanos time);
  void note_up();
  void note_away(const Failure& why);
  void count_error() { errors_.fetch_add(1, std::memory_order_relaxed); }

  const RedisUrl url_;
  const base::Logger& log_;
  std::atomic<bool> up_{false};
  std::atomic<uint64_t> errors_{0};
  State state_ = State::kUnknown;  // as the log has it; the thread's

  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  Questions queue_;

  std::thread thread_;
};

}  // namespace howdah::serve

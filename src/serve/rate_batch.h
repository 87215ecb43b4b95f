#pragma once

// One round trip about many requests: a call of a script for each client among them, and what the
// answers mean for each request.

#include <cstdint>
#include <string>
#include <vector>

#include "serve/rate_store.h"

namespace howdah::serve {

// Counts `ARGV[2]` requests of the client KEYS[1] and answers {how many it has now, milliseconds
// until its window of ARGV[1] milliseconds ends}. The window is the Redis' own: whoever asks, with
// whatever clock, it ends at the same time.
extern const std::string_view kRateScript;
// Its SHA-1 in hexadecimal.
std::string rate_script_name();

// Made of what was asked, used once.
class RateBatch {
 public:
  explicit RateBatch(std::vector<RateQuestion> questions);

  // Asks about all; every waiter is told exactly once, whether it fails or not. `refused` counts
  // answers that were errors of one client's key alone; any other fails the whole batch.
  RedisConnection::Failure exchange(RedisConnection& connection, base::Nanos deadline,
                                    uint64_t& refused);
  // Tells all who were not told yet that there is no answer.
  void give_up();

 private:
  // Questions about one client of one window length.
  struct Group {
    std::string key;
    std::string window;  // milliseconds
    std::vector<RateQuestion*> questions;
    bool unknown_script = false;
    bool answered = false;
  };
  struct Told {
    net::EventLoop* loop;
    AdmissionTicketPtr ticket;
    std::optional<AdmissionDecision> decision;
  };

  void call(RedisConnection& connection, const Group& group, bool by_name) const;
  RedisConnection::Failure take(Group& group, const redisReply& reply, uint64_t& refused);
  void answer(Group& group, uint64_t count, uint64_t milliseconds_left);
  void tell();

  std::vector<RateQuestion> questions_;
  std::vector<Group> groups_;
  std::vector<Told> told_;
};

}  // namespace howdah::serve

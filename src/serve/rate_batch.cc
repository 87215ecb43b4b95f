#include "serve/rate_batch.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>

namespace howdah::serve {
namespace {

using Failure = RedisConnection::Failure;

bool begins_with_word(std::string_view text, std::string_view word) {
  return text.starts_with(word) && (text.size() == word.size() || text[word.size()] == ' ');
}

// Somebody has put another thing there under this client's name.
bool is_of_one_key(std::string_view error) {
  return begins_with_word(error, "WRONGTYPE") || error.starts_with("ERR value is not an integer") ||
         error.starts_with("ERR increment or decrement would overflow");
}

// What the answer says, but never more than what was counted here allows: a Redis that was started
// again begins at zero.
AdmissionDecision decide(const AdmissionDecision& local, uint64_t count,
                         uint64_t milliseconds_left) {
  AdmissionDecision decision = local;
  decision.admitted = count <= local.limit;
  decision.remaining = std::min(local.remaining, local.limit - std::min(count, local.limit));
  decision.reset_seconds = std::max<uint64_t>(1, (milliseconds_left + 999) / 1000);
  return decision;
}

}  // namespace

constexpr std::string_view kRateScript =
    "local n = redis.pcall('INCRBY', KEYS[1], ARGV[2]) "
    "if type(n) == 'table' then return n end "
    "local time = redis.call('TIME') "
    "local left = ARGV[1] - (time[1] * 1000 + math.floor(time[2] / 1000)) % ARGV[1] "
    "if n == tonumber(ARGV[2]) or redis.call('PTTL', KEYS[1]) < 0 then "
    "redis.call('PEXPIRE', KEYS[1], left) end "
    "return {n, left}";

std::string rate_script_name() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  size_t size = 0;
  ::EVP_Q_digest(nullptr, "SHA1", nullptr, kRateScript.data(), kRateScript.size(), digest, &size);
  return fmt::format("{:02x}", fmt::join(digest, digest + size, ""));
}

std::string rate_key(const std::optional<net::IpAddress>& client, base::Nanos window) {
  std::string key = "howdah:rate:" + std::to_string(window / base::kMillisecond) + ":";
  if (!client) return key + "unix";
  if (client->is_ipv4()) return key.append(net::IpText(*client).view());
  net::IpAddress network = *client;
  std::fill(network.bytes.begin() + 8, network.bytes.end(), uint8_t{0});
  return key.append(net::IpText(network).view()).append("/64");
}

RateBatch::RateBatch(std::vector<RateQuestion> questions) : questions_(std::move(questions)) {
  std::unordered_map<std::string, size_t> places;
  for (RateQuestion& question : questions_) {
    std::string key = rate_key(question.client, question.length);
    auto [place, fresh] = places.try_emplace(key, groups_.size());
    if (fresh) {
      groups_.push_back(
          {.key = key, .window = std::to_string(question.length / base::kMillisecond)});
    }
    groups_[place->second].questions.push_back(&question);
  }
}

void RateBatch::call(RedisConnection& connection, const Group& group, bool by_name) const {
  static const std::string name = rate_script_name();
  connection.add({by_name ? "EVALSHA" : "EVAL", by_name ? std::string_view(name) : kRateScript, "1",
                  group.key, group.window, std::to_string(group.questions.size())});
}

Failure RateBatch::exchange(RedisConnection& connection, base::Nanos deadline, uint64_t& refused) {
  // The second time with the text of the script, for those that were told that it is not known.
  Failure failure;
  for (bool by_name : {true, false}) {
    std::vector<Group*> asked;
    for (Group& group : groups_) {
      if (!by_name && !group.unknown_script) continue;
      call(connection, group, by_name);
      asked.push_back(&group);
    }
    size_t next = 0;
    Failure fatal;
    failure = connection.exchange(deadline, [&](const redisReply& reply) {
      Failure wrong = take(*asked[next++], reply, refused);
      if (fatal.empty()) fatal = wrong;
    });
    if (failure.empty()) failure = fatal;
    if (!failure.empty()) break;
  }
  give_up();
  return failure;
}

Failure RateBatch::take(Group& group, const redisReply& reply, uint64_t& refused) {
  group.unknown_script = false;
  if (reply.type == REDIS_REPLY_ERROR) {
    std::string_view error(reply.str, reply.len);
    group.unknown_script = begins_with_word(error, "NOSCRIPT");
    if (group.unknown_script) return {};
    if (!is_of_one_key(error)) return error_word(reply);
    ++refused;
    return {};
  }
  bool sound = reply.type == REDIS_REPLY_ARRAY && reply.elements == 2 &&
               reply.element[0]->type == REDIS_REPLY_INTEGER &&
               reply.element[1]->type == REDIS_REPLY_INTEGER;
  if (!sound || reply.element[0]->integer < 0 || reply.element[1]->integer < 0) {
    return "an answer that is none";
  }
  answer(group, static_cast<uint64_t>(reply.element[0]->integer),
         static_cast<uint64_t>(reply.element[1]->integer));
  return {};
}

void RateBatch::answer(Group& group, uint64_t count, uint64_t milliseconds_left) {
  group.answered = true;
  uint64_t before = count - std::min<uint64_t>(count, group.questions.size());
  for (RateQuestion* question : group.questions) {
    told_.push_back({question->loop, std::move(question->ticket),
                     decide(question->local, ++before, milliseconds_left)});
  }
  const RateQuestion& last = *group.questions.back();
  if (last.table != nullptr) {
    uint32_t known = static_cast<uint32_t>(std::min<uint64_t>(count, UINT32_MAX));
    last.table->raise(last.key, last.window, known);
  }
}

void RateBatch::give_up() {
  for (Group& group : groups_) {
    if (group.answered) continue;
    for (RateQuestion* question : group.questions) {
      told_.push_back({question->loop, std::move(question->ticket), std::nullopt});
    }
  }
  groups_.clear();
  tell();
}

// One message for each loop.
void RateBatch::tell() {
  std::map<net::EventLoop*, std::vector<Told>> by_loop;
  for (Told& told : told_) by_loop[told.loop].push_back(std::move(told));
  told_.clear();
  for (auto& [loop, answers] : by_loop) {
    // What a loop takes must be copyable.
    auto shared = std::make_shared<std::vector<Told>>(std::move(answers));
    loop->post([shared] {
      for (Told& told : *shared) {
        if (told.ticket->waiter != nullptr) told.ticket->waiter->on_admission(told.decision);
      }
    });
  }
}

}  // namespace howdah::serve

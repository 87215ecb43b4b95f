#include "app/front/pools.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/config/worker_scripts.h"
#include "app/front/front_options.h"
#include "app/watch/watch_plan.h"

namespace howdah::app {

Pools::Pools(const Config& config, std::vector<net::EventLoop*> loops, StartHost start_host,
             const base::Logger& log)
    : start_host_(std::move(start_host)), log_(log) {
  for (uint32_t number : pool_numbers(config)) {
    auto member = std::make_unique<Member>(*this, number, pool_name(config, number));
    member->pool = std::make_unique<pool::Pool>(pool_options(config, number), loops, *member, log_);
    members_.push_back(std::move(member));
  }
}

Pools::~Pools() = default;

serve::JobQueues Pools::queues(uint32_t loop) {
  serve::JobQueues queues;
  for (const auto& member : members_) {
    queues.resize(member->number + 1, nullptr);
    queues[member->number] = &member->pool->dispatcher(loop);
  }
  return queues;
}

void Pools::start(std::function<void()> on_ready, std::function<void(std::string)> on_failed) {
  if (members_.empty()) return on_ready();
  to_be_ready_ = members_.size();
  on_ready_ = std::move(on_ready);
  on_failed_ = std::move(on_failed);
  for (const auto& member : members_) {
    member->pool->start(
        [this] { on_pool_ready(); },
        [this, &member = *member](std::string why) { on_pool_failed(member, why); });
  }
}

void Pools::on_pool_ready() {
  if (--to_be_ready_ == 0) std::exchange(on_ready_, nullptr)();
}

void Pools::on_pool_failed(const Member& member, const std::string& why) {
  if (!on_failed_) return;  // another one has failed before
  std::exchange(on_failed_, nullptr)(member.number == 0 ? why : member.name + ": " + why);
}

void Pools::host_started(uint32_t pool, uint32_t generation, base::UniqueFd control, int pid) {
  for (const auto& member : members_) {
    if (member->number != pool) continue;
    return member->pool->host_started(generation, std::move(control), pid);
  }
}

void Pools::host_exited(int pid, int wait_status) {
  for (const auto& member : members_) member->pool->host_exited(pid, wait_status);
}

void Pools::reload(const Config& next, pool::Pool::ReloadDone on_done) {
  if (members_.empty()) return on_done("");
  on_reloaded_ = std::move(on_done);
  to_prepare_ = members_.size();
  for (const auto& member : members_) {
    if (!on_reloaded_) return;  // one of them has failed at once
    pool::PoolOptions options = pool_options(next, member->number);
    // The next change is the next try.
    if (next.watch) options.max_boot_failures = 0;
    member->pool->prepare_reload(
        std::move(options),
        [this, &member = *member](const std::string& why) { on_pool_prepared(member, why); });
  }
}

void Pools::on_pool_prepared(const Member& member, const std::string& why) {
  if (!on_reloaded_) return;
  if (!why.empty()) return give_up_reload(member.number == 0 ? why : member.name + ": " + why);
  if (--to_prepare_ == 0) commit_reload();
}

void Pools::commit_reload() {
  // One that was prepared first may have lost its new host since then.
  for (const auto& member : members_) {
    if (!member->pool->is_prepared()) return give_up_reload(member->name + ": its new host died");
  }
  for (const auto& member : members_) member->pool->commit_reload();
  std::exchange(on_reloaded_, nullptr)("");
}

void Pools::give_up_reload(const std::string& why) {
  for (const auto& member : members_) member->pool->cancel_reload();
  std::exchange(on_reloaded_, nullptr)(why);
}

void Pools::restart(pool::Pool::ReloadDone on_done) {
  std::vector<Member*> all;
  for (const auto& member : members_) all.push_back(member.get());
  restart(all, std::move(on_done));
}

void Pools::restart_scripts(uint64_t scripts, pool::Pool::ReloadDone on_done) {
  std::vector<Member*> named;
  for (const auto& member : members_) {
    if (member->number == 0) continue;
    const size_t bit = std::min<size_t>(member->number - 1, kLastSet);
    if ((scripts >> bit & 1) != 0) named.push_back(member.get());
  }
  restart(named, std::move(on_done));
}

void Pools::restart(const std::vector<Member*>& members, pool::Pool::ReloadDone on_done) {
  if (members.empty()) return on_done("");
  struct Restart {
    size_t left;
    std::string failures;
    pool::Pool::ReloadDone on_done;
  };
  // Of the pools' answers, the last of which ends it.
  auto restart = std::make_shared<Restart>(members.size(), "", std::move(on_done));
  for (Member* member : members) {
    member->pool->restart([restart, &name = member->name](const std::string& failure) {
      if (!failure.empty()) {
        restart->failures.append(restart->failures.empty() ? "" : "; ");
        restart->failures.append(name).append(": ").append(failure);
      }
      if (--restart->left == 0) restart->on_done(restart->failures);
    });
  }
}

std::vector<pool::OpenRequest> Pools::open_requests() const {
  std::vector<pool::OpenRequest> all;
  for (const auto& member : members_) {
    std::ranges::move(member->pool->open_requests(), std::back_inserter(all));
  }
  return all;
}

void Pools::drain(std::function<void()> on_done) {
  if (members_.empty()) return on_done();
  to_drain_ = members_.size();
  for (const auto& member : members_) {
    member->pool->drain([this, on_done] {
      if (--to_drain_ == 0) on_done();
    });
  }
}

std::vector<pool::PoolStatus> Pools::statuses() const {
  std::vector<pool::PoolStatus> statuses;
  for (const auto& member : members_) statuses.push_back(member->pool->status());
  return statuses;
}

pool::PoolStatus Pools::status() const { return pool::sum_of(statuses()); }

std::vector<pool::WorkerStatus> Pools::worker_status() const {
  std::vector<pool::WorkerStatus> all;
  for (const auto& member : members_) {
    auto workers = member->pool->worker_status();
    std::ranges::move(workers, std::back_inserter(all));
  }
  return all;
}

void Pools::gather_stacks(pool::Pool::StacksDone done) {
  // Shared by the pools, which all answer on the primary loop.
  struct All {
    size_t left;
    std::vector<pool::WorkerStack> stacks;
    pool::Pool::StacksDone done;
  };
  if (members_.empty()) return done({});
  auto all = std::make_shared<All>(members_.size(), std::vector<pool::WorkerStack>(), done);
  for (const auto& member : members_) {
    member->pool->gather_stacks([all](std::vector<pool::WorkerStack> stacks) {
      std::ranges::move(stacks, std::back_inserter(all->stacks));
      if (--all->left == 0) all->done(std::move(all->stacks));
    });
  }
}

}  // namespace howdah::app

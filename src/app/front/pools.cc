#include "app/front/pools.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/config/worker_scripts.h"
#include "app/front/front_options.h"

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
  std::vector<pool::PoolOptions> options;
  for (const auto& member : members_) options.push_back(pool_options(next, member->number));
  reload_from(0, std::move(options), std::move(on_done));
}

void Pools::reload_from(size_t index, std::vector<pool::PoolOptions> options,
                        pool::Pool::ReloadDone on_done) {
  if (index == members_.size()) return on_done("");
  pool::PoolOptions own = options[index];
  members_[index]->pool->reload(std::move(own),
                                [this, index, options = std::move(options),
                                 on_done = std::move(on_done)](const std::string& failure) mutable {
                                  if (!failure.empty()) return on_done(failure);
                                  reload_from(index + 1, std::move(options), std::move(on_done));
                                });
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

pool::PoolStatus Pools::status() const {
  // Without PHP nothing has to be waited for.
  pool::PoolStatus all{.ready = true, .php_version = ""};
  for (const auto& member : members_) all.add(member->pool->status());
  return all;
}

std::vector<pool::WorkerStatus> Pools::worker_status() const {
  std::vector<pool::WorkerStatus> all;
  for (const auto& member : members_) {
    auto workers = member->pool->worker_status();
    std::ranges::move(workers, std::back_inserter(all));
  }
  return all;
}

}  // namespace howdah::app

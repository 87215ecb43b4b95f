#pragma once

// The pools of a front: the classic one, whose scripts are run once a request, and one for each
// worker script. They start, reload and drain together.
//
// A pool's number says what its hosts run: 0 = classic, else the worker script number - 1.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "base/log.h"
#include "net/event_loop.h"
#include "pool/pool.h"
#include "serve/services.h"

namespace howdah::app {

// Belongs to the front; primary loop, except where a method says otherwise. Constructed and
// destroyed while no loop runs. There is none in stub mode: then everything is ready and over.
class Pools final {
 public:
  // Asks the parent for a host of a pool.
  using StartHost =
      std::function<void(uint32_t pool, uint32_t generation, pool::HostSettings settings)>;
  // `loops` as for pool::Pool. `log` outlives this.
  Pools(const Config& config, std::vector<net::EventLoop*> loops, StartHost start_host,
        const base::Logger& log);
  ~Pools();

  // Of one loop, by the pools' numbers.
  serve::JobQueues queues(uint32_t loop);

  // `on_ready` when the workers of all pools wait for requests, or `on_failed` with the reason when
  // those of one cannot start.
  void start(std::function<void()> on_ready, std::function<void(std::string)> on_failed);
  // What the parent says.
  void host_started(uint32_t pool, uint32_t generation, base::UniqueFd control, int pid);
  void host_exited(int pid, int wait_status);
  // All pools take the options of `next` together, when the workers of all are ready, or none does.
  // `on_done` as of pool::Pool::reload().
  void reload(const Config& next, pool::Pool::ReloadDone on_done);
  // A new generation in each pool, with the options in use. `on_done` is called, once, with why
  // some of them could not; empty = all serve.
  void restart(pool::Pool::ReloadDone on_done);
  // The same for the pools of some worker scripts: bit min(i, kLastSet) is script i.
  void restart_scripts(uint64_t scripts, pool::Pool::ReloadDone on_done);
  // Those that a pool has and that are not over.
  std::vector<pool::OpenRequest> open_requests() const;
  // `on_done` is called when all have drained.
  void drain(std::function<void()> on_done);

  // From any thread.
  std::vector<pool::PoolStatus> statuses() const;
  // The sum over all pools; ready when each is.
  pool::PoolStatus status() const;
  std::vector<pool::WorkerStatus> worker_status() const;
  // Of all pools; `done` as of pool::Pool::gather_stacks().
  void gather_stacks(pool::Pool::StacksDone done);

 private:
  struct Member final : pool::HostStarter {
    Member(Pools& owner, uint32_t its_number, std::string its_name)
        : pools(owner), number(its_number), name(std::move(its_name)) {}
    void start_host(uint32_t generation, pool::HostSettings settings) override {
      pools.start_host_(number, generation, settings);
    }
    Pools& pools;
    const uint32_t number;
    const std::string name;
    std::unique_ptr<pool::Pool> pool;
  };

  static void restart(const std::vector<Member*>& members, pool::Pool::ReloadDone on_done);
  void on_pool_ready();
  void on_pool_failed(const Member& member, const std::string& why);
  void on_pool_prepared(const Member& member, const std::string& why);
  void commit_reload();
  void give_up_reload(const std::string& why);

  const StartHost start_host_;
  const base::Logger& log_;
  std::vector<std::unique_ptr<Member>> members_;
  size_t to_be_ready_ = 0;
  size_t to_prepare_ = 0;
  size_t to_drain_ = 0;
  std::function<void()> on_ready_;
  std::function<void(std::string)> on_failed_;
  pool::Pool::ReloadDone on_reloaded_;
};

}  // namespace howdah::app

#pragma once

// Who has the workers of a host: WorkerSet, which runs them, or ThreadHosts, which has them run in
// processes that it forks. What they have to say goes to the front. Used by the host's thread
// alone.

#include <poll.h>

#include <vector>

#include "base/clock.h"
#include "base/fd.h"

namespace howdah::php {

// What a kSpawn message asks for.
struct SpawnOrder {
  uint32_t worker;
  uint32_t incarnation;
  uint32_t requests;  // end after so many; 0 = no limit
  base::UniqueFd responses;
  base::UniqueFd body_socket;
};

// The status of a worker that could not be started: as if it had ended with EX_OSERR.
inline constexpr int kSpawnFailedStatus = 71 << 8;

class Workers {
 public:
  // Between two calls of on_time() at most, while something is to be done in time.
  static constexpr int kTimeIntervalMs = 100;
  // The same while somebody waits to hear where a script is.
  static constexpr int kLookIntervalMs = 5;
  // Snapshot mode, while the script boots.
  static constexpr int kTemplateIntervalMs = 1000;

  virtual ~Workers() = default;

  // --- what the front wants (channel/control.h)
  // Reports kSpawned; on failure a line and kExited.
  virtual void spawn(SpawnOrder order) = 0;
  virtual void interrupt(uint32_t worker, uint32_t incarnation) = 0;
  // Reports kLooked.
  virtual void look(uint32_t worker, uint32_t incarnation, uint32_t ticket) = 0;
  // `grace`: how long other workers of its process may take to end.
  virtual void kill(uint32_t worker, uint32_t incarnation, base::Nanos grace) = 0;
  // There will be no more workers.
  virtual void finish() = 0;

  // Whether nothing is left to wait for. Threads that were given up (kKill) do not count.
  virtual bool done() const = 0;
  // Whether such threads still run in this process: PHP cannot be shut down under them.
  virtual bool has_lost() const = 0;
  virtual void kill_all() = 0;
  // Reports kExited for each worker that has ended, and ends its process group.
  virtual void reap() = 0;

  // One of the two intervals, or -1: on_time() is not needed.
  virtual int time_interval() const = 0;
  virtual void on_time(base::Nanos now) = 0;
  // What the workers write; read_pipes() gets the same array, entries from `first` on.
  virtual void add_pipes(std::vector<pollfd>& polled) const = 0;
  virtual void read_pipes(const std::vector<pollfd>& polled, size_t first) = 0;
  // Readable when reap() has something to do of which there is no signal; -1 = there is always one.
  virtual int ended_event() const = 0;
};

}  // namespace howdah::php

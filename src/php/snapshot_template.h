#pragma once

// Snapshot mode: a worker script is started once, in the template, up to its first call of
// frankenphp_handle_request(). There the template stays, in park(), and makes forks of itself; each
// serves one request and ends. Nothing that a request does is seen by the next one.
//
// A few forks wait ahead of demand, for a lane (snapshot_table.h) to become free. They are children
// of the host, not of the template (CLONE_PARENT): the host reaps them as it does workers, and a
// template that dies takes nobody with it.
//
// One per template process, used by its only thread. No PHP header.

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "channel/worker_channel.h"
#include "php/request_state.h"
#include "php/snapshot_descriptors.h"
#include "php/snapshot_pages.h"
#include "php/snapshot_table.h"

namespace howdah::php {

class SnapshotTemplate {
 public:
  struct Lane {
    uint32_t number = 0;
    uint32_t incarnation = 0;
    base::UniqueFd responses;
    base::UniqueFd body_socket;
    base::UniqueFd output;
  };
  enum class Role {
    kFork,      // a child that has taken a lane
    kTemplate,  // the template: the host wants no more forks
  };

  // What the host gives the template: `orders` is the socket on which the host names lanes,
  // `wanted` an eventfd that asks for a look at the spares. `ready` forks are to wait. Before the
  // script starts: what is open then is the server's own.
  struct Surroundings {
    SnapshotTable& table;
    channel::SharedRegions& regions;
    WorkerNote* notes;  // by worker
    base::UniqueFd orders;
    int wanted;
    pid_t host;
    uint32_t ready;
  };
  explicit SnapshotTemplate(Surroundings surroundings);

  // The script has come to its first request. What it must not have open is in `refusal`, else
  // that is empty; what the forks will find closed goes to stderr.
  void inspect(std::string& refusal);
  // In a forked process, right after the fork: `prepare` what can be done before there is a
  // request.
  Role park(void (*prepare)());

  // --- in a fork
  // `state` becomes that of the lane's worker. Ends the process when it cannot.
  void attach(RequestState& state);
  // The lane is for the next fork. The process has nothing to do with it from here on, and ends.
  void hand_over();

 private:
  bool take_order();
  // True in a fork that has taken a lane.
  bool fill_spares(void (*prepare)());
  bool become_fork(uint32_t spare, void (*prepare)());
  bool wait_for_lane(uint32_t spare);
  void keep_lane(Lane& lane);

  SnapshotTable& table_;
  channel::SharedRegions& regions_;
  WorkerNote* const notes_;
  base::UniqueFd orders_;
  const int wanted_;
  const pid_t host_;
  const uint32_t ready_;
  uint32_t epoch_ = 0;
  SnapshotDescriptors descriptors_;
  SnapshotPages pages_;
  std::vector<Lane> lanes_;
  Lane* lane_ = nullptr;  // in a fork: its own
  std::unique_ptr<channel::WorkerChannel> channel_;
};

}  // namespace howdah::php

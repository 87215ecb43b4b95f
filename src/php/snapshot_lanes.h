#pragma once

// The host's side of snapshot mode: the lanes that the front has asked for, as the template and its
// forks serve them. Used by the host's thread alone.
//
// The host keeps each lane's descriptors, so that a new template can be given them all.

#include <sys/types.h>

#include <memory>
#include <vector>

#include "base/fd.h"
#include "channel/shared_memory.h"
#include "php/snapshot_table.h"

namespace howdah::php {

// What a template is told of a lane; its descriptors come along in this order: region, body socket,
// stderr.
struct SnapshotLaneOrder {
  uint32_t lane;
  uint32_t incarnation;
};

class SnapshotLanes {
 public:
  struct Lane {
    uint32_t number;
    uint32_t incarnation;
    base::UniqueFd responses;
    base::UniqueFd body_socket;
    base::UniqueFd output;
  };

  static base::Result<std::unique_ptr<SnapshotLanes>> create();

  // --- the template
  bool has_template() const { return bool(orders_); }
  // A new template listens at the other end of `orders`: it is told of all lanes.
  base::Status template_started(base::UniqueFd orders);
  void template_ended() { orders_.reset(); }
  // In the template itself: what is the host's alone is closed.
  void become_template();
  // The template's script is to go on behind its loop; forks that wait end.
  void end_template();
  // Whether the script has come to its first request since the template was started.
  bool parked() const { return table().parked.load(std::memory_order_acquire) == 1; }

  // --- lanes
  // Fails when the template, while it starts, cannot be told of more lanes.
  base::Status add(Lane lane);
  // The fork that has the lane now, a child of this process; 0: nobody.
  pid_t owner(uint32_t lane, uint32_t incarnation) const;
  // The same for comparing with a pid that has been reaped.
  pid_t last_owner(uint32_t lane, uint32_t incarnation) const;
  // Takes the lane back if nobody has it; false when a fork has.
  bool withdraw(uint32_t lane, uint32_t incarnation) {
    return table().withdraw_lane(lane, incarnation);
  }
  void remove(uint32_t lane, uint32_t incarnation);

  // A child has ended: if it was a fork that waited, the template makes another one.
  void reaped(pid_t pid);

  SnapshotTable& table() const { return *static_cast<SnapshotTable*>(mapping_.data()); }
  // Written when the template has to look for forks that are missing.
  int wanted_event() const { return wanted_.get(); }

 private:
  SnapshotLanes() = default;
  base::Status tell(const Lane& lane);

  channel::Mapping mapping_;
  base::UniqueFd wanted_;
  base::UniqueFd orders_;  // empty: there is no template
  std::vector<Lane> lanes_;
};

}  // namespace howdah::php

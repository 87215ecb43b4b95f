#include "php/snapshot_lanes.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unix_socket.h"

namespace howdah::php {
namespace {

// Zombies are children, too. What PHP has written into a word must not make a pid of another
// process, or of a group, of it.
bool is_child(pid_t pid) {
  siginfo_t info;
  return pid > 1 &&
         ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace

base::Result<std::unique_ptr<SnapshotLanes>> SnapshotLanes::create() {
  std::unique_ptr<SnapshotLanes> lanes(new SnapshotLanes);
  size_t size = sizeof(SnapshotTable);
  void* table = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (table == MAP_FAILED) return base::fail_errno("mmap");
  lanes->mapping_ = channel::Mapping(table, size);
  lanes->wanted_ = base::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!lanes->wanted_) return base::fail_errno("eventfd");
  return lanes;
}

base::Status SnapshotLanes::template_started(base::UniqueFd orders) {
  if (auto status = base::set_nonblocking(orders.get()); !status) return status;
  orders_ = std::move(orders);
  for (const Lane& lane : lanes_) {
    if (auto status = tell(lane); !status) return status;
  }
  return {};
}

void SnapshotLanes::become_template() {
  orders_.reset();
  lanes_.clear();
}

void SnapshotLanes::end_template() {
  if (!orders_) return;
  table().closing.store(1, std::memory_order_release);
  table().wake_all();
  orders_.reset();
}

base::Status SnapshotLanes::tell(const Lane& lane) {
  SnapshotLaneOrder order{lane.number, lane.incarnation};
  const int fds[] = {lane.responses.get(), lane.body_socket.get(), lane.output.get()};
  auto status =
      base::send_message(orders_.get(), {reinterpret_cast<const char*>(&order), sizeof order}, fds);
  // A template that has ended is about to be reaped: its successor is told again.
  if (!status && status.error().sys_errno != EAGAIN) return {};
  return status;
}

base::Status SnapshotLanes::add(Lane lane) {
  table().add_lane(lane.number, lane.incarnation);
  lanes_.push_back(std::move(lane));
  auto status = orders_ ? tell(lanes_.back()) : base::Status();
  if (!status) remove(lanes_.back().number, lanes_.back().incarnation);
  return status;
}

pid_t SnapshotLanes::last_owner(uint32_t lane, uint32_t incarnation) const {
  uint64_t word = table().lanes[lane].load(std::memory_order_acquire);
  return word >> 32 == incarnation ? static_cast<pid_t>(word & 0x7FFFFFFF) : 0;
}

pid_t SnapshotLanes::owner(uint32_t lane, uint32_t incarnation) const {
  pid_t pid = last_owner(lane, incarnation);
  return is_child(pid) ? pid : 0;
}

void SnapshotLanes::remove(uint32_t lane, uint32_t incarnation) {
  std::erase_if(lanes_, [&](const Lane& each) {
    return each.number == lane && each.incarnation == incarnation;
  });
  if (table().lanes[lane].load() >> 32 == incarnation) table().lanes[lane].store(0);
}

void SnapshotLanes::reaped(pid_t pid) {
  for (auto& spare : table().spares) {
    auto expected = static_cast<uint32_t>(pid);
    if (!spare.compare_exchange_strong(expected, 0)) continue;
    // It may have been woken for a lane that is free.
    table().wake_all();
    uint64_t one = 1;
    std::ignore = ::write(wanted_.get(), &one, sizeof one);
  }
}

}  // namespace howdah::php

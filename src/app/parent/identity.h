#pragma once

// Giving up rights: what a child of the parent does to itself before it becomes the front or a
// host.

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>

#include "app/config/config.h"
#include "base/result.h"

namespace howdah::app {

// Becomes `identity` for ever, with its groups and `extra_group`. Does nothing without an identity
// (not started as root).
base::Status become(const std::optional<Identity>& identity, std::optional<gid_t> extra_group);

// No right can come back to this process or its children, whatever programs they start. Before
// become(), which gives up the right to do this; without that right nothing happens.
void drop_capability_bounds();

// All signals unblocked and with their default actions: these pass through exec, and PHP programs
// expect to find them so.
void reset_signals();

// Sends this process `signal` when its parent ends. The kernel forgets it at a change of user, so
// this comes after become(). False when the parent, `parent_pid`, is gone already.
bool end_with_parent(pid_t parent_pid, int signal);

// Nobody may look into this process, which holds keys, passwords and the environment it was started
// with: not even another one of the same user.
void hide_memory();

// The soft limit of descriptors is raised to the hard one; returns what it was.
rlimit raise_descriptor_limit();
void restore_descriptor_limit(const rlimit& limit);

}  // namespace howdah::app

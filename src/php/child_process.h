#pragma once

// What a process that the host forks does first, before it runs PHP, and how it is ended.

namespace howdah::php {

// In the child: a process group of its own (the parent calls setpgid(), too: either of the two may
// be first), the end when `parent` ends, descriptors 0 to 2 (stdout and stderr lead to `output`),
// no signal blocked, and first choice of the OOM killer. Ends the process when the parent has gone
// already.
void settle_child_process(int parent, int output);

// In the host: ends such a process, and what it has started goes with it.
void kill_with_children(int pid);

}  // namespace howdah::php

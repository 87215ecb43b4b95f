#pragma once

// OPcache's lock of those who run scripts out of its memory. A process takes it with its first
// cached script and holds it until its request ends, so that nobody wipes that memory meanwhile. A
// record lock belongs to a process: a fork in the middle of a script runs on without it, and has to
// take it itself. No PHP header.

namespace howdah::php {

// OPcache's lock file if this process holds that lock, else -1.
int find_opcache_lock();
// In a fork of that process. Nothing for -1.
void take_opcache_lock(int fd);

}  // namespace howdah::php

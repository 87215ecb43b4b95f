#pragma once

// Thread mode and worker mode: OPcache is never restarted.
//
// A restart wipes memory that running scripts live in. OPcache waits for them by a lock that
// belongs to the process, so it does not see the other threads of this one; and a worker script
// keeps that lock for as long as it lives, so that nothing is cached until OPcache kills it for
// that. Instead the front is asked for a new host, which starts with an empty OPcache. Classic
// process mode: PHP's own way is sound, and all of this does nothing.

#include "base/clock.h"
#include "base/result.h"

namespace howdah::php {

enum class Renewal {
  kNone,
  kAsked,   // opcache_reset() was called
  kNeeded,  // OPcache wants to restart; no request starts here any more
};

// Once, in the host, after PHP has started and before there is a worker.
base::Status prevent_opcache_restarts();
// Readable when a renewal is wanted, by whichever process that this one has forked; -1 when
// restarts are not prevented.
int renewal_event();
// What was wanted since the last call. The host's thread.
Renewal take_wanted_renewal();

// PHP before 8.4 does not tell when it wants to restart: called after a request of a worker script,
// `now` and then it asks. A call of a PHP function.
void look_for_wanted_restart(base::Nanos now);
// Of php.ini: with it OPcache does not kill who keeps its lock.
inline constexpr const char* kNoForcedRestart = "opcache.force_restart_timeout=0";

// Around the start of a request, in which OPcache does a restart that is due. False: none may start
// in this host any more, nor in processes that it has forked.
bool enter_request_start();
void leave_request_start();

}  // namespace howdah::php

#pragma once

// The pool's tunables.

#include "base/clock.h"

namespace howdah::pool {

// A cancelled script that has not come back after this is killed.
inline constexpr base::Nanos kCancelGrace = 2 * base::kSecond;
// PHP_HOSTS: how long other threads of its process may take to finish what they run before.
inline constexpr int kNeighbourGraceSeconds = 30;
// The host tells where an interrupted script was this long after its end at the latest.
inline constexpr base::Nanos kNoteLimit = 1 * base::kSecond;
// A worker that dies this soon without having had a request died at birth: its replacement waits,
// twice as long each time, up to the longest.
inline constexpr base::Nanos kBirth = 1 * base::kSecond;
inline constexpr base::Nanos kShortestBackoff = 50 * base::kMillisecond;
inline constexpr base::Nanos kLongestBackoff = 5 * base::kSecond;
// Worker mode: the n-th failed boot of a worker in a row is followed by the next one after (n-1)^2
// times the step, at most the longest wait.
inline constexpr base::Nanos kBootBackoffStep = 100 * base::kMillisecond;
inline constexpr base::Nanos kLongestBootBackoff = 1 * base::kSecond;
// A boot that fails as the last one did is logged so often, whichever worker it was.
inline constexpr base::Nanos kBootLogInterval = 900 * base::kMillisecond;
// Of one worker's script between two looks; a higher number was made up.
inline constexpr uint32_t kMostScriptRestarts = 1000;
// The kernel's largest process id, PID_MAX_LIMIT; a higher one was made up.
inline constexpr uint32_t kLargestPid = 4 * 1024 * 1024;
// How long a host may take to say where a script is; then it is told without. For the log, where
// nobody waits, it may take longer: a machine that is slow has slow requests.
inline constexpr base::Nanos kLookLimit = 250 * base::kMillisecond;
inline constexpr base::Nanos kSlowLookLimit = 2 * base::kSecond;
// Those who wait for all workers' stacks, at a time; who comes then hears nothing.
inline constexpr size_t kMostGatherings = 16;
// What is kept of a stack, whatever a worker says.
inline constexpr size_t kMostStackFrames = 70;
inline constexpr size_t kLongestStackLine = 1000;
// How often the pool looks at cancelled requests and at the end of a drain.
inline constexpr base::Nanos kTick = 20 * base::kMillisecond;
// Body frames one call of on_answer() can carry.
inline constexpr size_t kMaxPieces = 32;
// A host that does not end by itself this long after kFinish is cut off, and after as long again
// its end is not waited for any more.
inline constexpr base::Nanos kFinishGrace = 2 * base::kSecond;
// Worker mode: what scripts do after their loop is ended by DRAIN_TIMEOUT_SECS, which is the
// parent's.
inline constexpr base::Nanos kScriptFinishGrace = 365 * 24 * 3600 * base::kSecond;

// Hosts that finish what they run, at a time: each has memory of its own. With one more the oldest
// is cut off.
inline constexpr size_t kMostRetired = 16;
// How long a new host waits for the list of scripts of the one that serves.
inline constexpr base::Nanos kListLimit = 1 * base::kSecond;
// How long a host may take until it is ready to replace one that serves.
inline constexpr base::Nanos kRenewalLimit = 60 * base::kSecond;
// Generations are replaced at most this often while they serve: each costs memory and a cold cache.
inline constexpr base::Nanos kRenewalInterval = 3 * base::kSecond;
// Thread mode: while other threads are left, a host with one that does not come back is replaced
// this long after the last such replacement at the earliest (kRenewalInterval, then twice as long
// each time, up to this), until there was no reason for kStuckCalm more.
inline constexpr base::Nanos kLongestStuckBackoff = 24 * base::kSecond;
inline constexpr base::Nanos kStuckCalm = 60 * base::kSecond;
// A generation that has to be given up (its claims were overwritten, its OPcache is full) is
// replaced this long after its start at the earliest.
inline constexpr base::Nanos kShortestGenerationLife = 1 * base::kSecond;
// Worker mode: what a script does between two requests is told when it takes so long.
inline constexpr base::Nanos kShownPause = 100 * base::kMillisecond;
// So many crashes of workers within the window bring a new generation: what they share may be
// damaged.
inline constexpr size_t kManyCrashes = 8;
inline constexpr base::Nanos kCrashWindow = 10 * base::kSecond;

// The pool grows when a request has waited this long, and shrinks by workers without a request for
// that long.
inline constexpr base::Nanos kGrowthWait = 5 * base::kMillisecond;
inline constexpr base::Nanos kIdleLimit = 10 * base::kSecond;
// A CPU counts as free when it was so in this many looks (one a tick) in a row.
inline constexpr uint32_t kFreeLooks = 3;
// A worker's memory is looked at once in so many ticks.
inline constexpr uint32_t kMemoryTicks = 50;
// PHP_MAX_REQUESTS of a worker is less than asked for by up to one in so many, at random: workers
// that began together do not end together.
inline constexpr uint32_t kRequestJitter = 4;

}  // namespace howdah::pool

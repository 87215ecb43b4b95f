#pragma once

// What is watched for changes, as plain values, and what a change means.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace howdah::app {

// What has to happen after a change; a later value includes the earlier ones.
enum class Change : uint32_t {
  kNone,
  kStyles,  // browsers take style sheets anew
  kPage,    // browsers load the page anew
  kCode,    // PHP workers start anew first
};

// Files that belong together: those of one worker script, or all of a site.
struct WatchSet {
  enum class Meaning : uint8_t {
    kAllCode,  // whatever matches is code
    kByName,   // the name says what it is; what is neither code nor part of a page does not count
  };
  std::string base;                   // absolute: where relative patterns begin
  std::string web_root;               // DOCUMENT_ROOT of the site that they are about
  std::vector<std::string> patterns;  // PathGlob; with a "!" before it: not these
  Meaning meaning = Meaning::kAllCode;
  bool operator==(const WatchSet&) const = default;
};

// A report names its sets by their bits; those from here on share one.
inline constexpr size_t kLastSet = 63;

struct WatchPlan {
  std::vector<WatchSet> sets;
  // Look at all files this often; 0 = only where the kernel does not tell of changes.
  base::Nanos poll = 0;
  bool operator==(const WatchPlan&) const = default;
  // There is nothing to watch.
  bool empty() const {
    return std::ranges::all_of(sets, [](const WatchSet& set) { return set.patterns.empty(); });
  }
};

// From the last change until it is reported, but no longer after the first of them than the second.
inline constexpr base::Nanos kWatchQuiet = 150 * base::kMillisecond;
inline constexpr base::Nanos kWatchLongest = 2 * base::kSecond;
// Between two looks at all files where none is given. A look takes at most this share of the time.
inline constexpr base::Nanos kPollInterval = base::kSecond;
inline constexpr int kPollShare = 10;
// How often a watched directory is looked for that is not there.
inline constexpr base::Nanos kMissingLook = base::kSecond;

}  // namespace howdah::app

#pragma once

// The scripts that OPcache holds: listed by a generation of workers that serves, and compiled ahead
// by the one that takes over, so that its first requests find them.
//
// Both are done in a request of their own without any client: by a child of the host in process
// mode, so that nothing of it stays in the processes that workers are forked from; by the host's
// thread in thread mode. Best effort: without a list a generation starts with an empty cache.

#include <string>
#include <string_view>

#include "php/front_link.h"

namespace howdah::php {

// How long compiling may take; what is left then is compiled by the requests that need it.
inline constexpr int kWarmSeconds = 5;
inline constexpr size_t kMostListed = 20000;           // those with the most hits
inline constexpr size_t kLongestScriptList = 4 << 20;  // bytes

// Writes the paths into `list`, the most used first, each with a NUL byte at its end; then tells
// the front kScriptsListed. Does not wait for it in process mode.
void list_scripts(int list, FrontLink& link);

// Where a deployment puts another folder in place of one, its scripts take the place of the
// other's.
struct Roots {
  std::string_view from;
  std::string_view to;
};

// Compiles the scripts of `list` that exist and tells the front kScriptsWarmed.
void warm_scripts(int list, Roots roots, FrontLink& link);

// The folders of which one replaces the other: both roots without what they have in common at the
// end. "/r/1/public" and "/r/2/public" are "/r/1" and "/r/2".
Roots differing_part(Roots roots);

}  // namespace howdah::php

#pragma once

// Random numbers in the forks of one template: none of them may draw what another one draws.
//
// mt_rand(), the combined LCG and GMP forget their seed in the template and draw a new one at first
// use. Engine objects of the boot are constructed again in the fork, those that have drawn their
// seed themselves: a seed that the script has chosen is meant to give the same numbers. Clones, and
// more than a few hundred objects, are not followed.

#include "php/php_api.h"

namespace howdah::php {

// In the template, before the script starts: constructors are watched from here on.
void watch_random_engines();
// In the template, at its first request.
void note_random_state();
// In a fork.
void seed_anew();

}  // namespace howdah::php

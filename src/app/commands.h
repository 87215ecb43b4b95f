#pragma once

// The program `howdah`, from its arguments to its exit status.

namespace howdah::app {

// Exit status: 0 = done, 1 = failed, 2 = wrong settings or arguments, each said on stderr.
int howdah_main(int argc, char** argv);

}  // namespace howdah::app

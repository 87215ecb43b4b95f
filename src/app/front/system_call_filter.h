#pragma once

// Which system calls the front may still make once it has started (SECCOMP).
//
// The front reads what strangers send. Should one of them make it run code of theirs, that code can
// start no program, look into no other process, open no connection, and write to no file that
// exists. It is no rule about paths: what the front may read is up to FRONT_USER.

#include "base/result.h"

namespace howdah::app {

// For this process and all of its threads, for ever; needs no_new_privs. A call that is not allowed
// fails with EPERM; one that only an intruder makes (starting a program, looking into a process)
// ends the process by SIGSYS. Fails where the kernel or a container knows no filters.
//
// Who needs another call adds it in the .cc, with its reason. Connections to elsewhere are not
// among them, nor is what resolving a name takes: the parent has that done before.
base::Status install_system_call_filter();

}  // namespace howdah::app

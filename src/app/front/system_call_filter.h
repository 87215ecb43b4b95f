#pragma once

// Which system calls the front may still make once it has started (SECCOMP).
//
// The front reads what strangers send. Should one of them make it run code of theirs, that code can
// start no program, look into no other process, write to no file that exists, and open no
// connection unless the settings name a server elsewhere. It is no rule about paths: what the front
// may read is up to FRONT_USER.

#include "base/result.h"

namespace howdah::app {

enum class Outbound {
  kNone,
  kByIp,  // a setting names a server elsewhere: connections by IPv4 and IPv6, names are looked up
};

// For this process and all of its threads, for ever; needs no_new_privs. A call that is not allowed
// fails with EPERM; one that only an intruder makes (starting a program, looking into a process)
// ends the process by SIGSYS. Fails where the kernel or a container knows no filters.
//
// Who needs another call adds it in the .cc, with its reason.
base::Status install_system_call_filter(Outbound outbound);

}  // namespace howdah::app

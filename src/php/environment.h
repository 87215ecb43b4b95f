#pragma once

// The process environment as scripts may see it: everything but our secrets, and in $_SERVER no
// name that a request's own variables could lack (an environment HTTPS=on would make every request
// look encrypted).

#include <string_view>

namespace howdah::php {

// Removes what is the server's alone from the environment of this process. At the start of main.
void drop_secrets();
// Whether $_SERVER may hold this environment variable.
bool belongs_in_server(std::string_view name);

}  // namespace howdah::php

#pragma once

// The process environment as scripts may see it: everything but our secrets, and in $_SERVER no
// name that a request's own variables could lack (an environment HTTPS=on would make every request
// look encrypted).

#include <string>
#include <string_view>
#include <vector>

namespace howdah::php {

// Removes what is the server's alone from the environment of this process. At the start of main.
void drop_secrets();
// WORKER_ENV ("NAME=value" each) is for the script's boot; a variable that the environment has,
// too, has this value in requests as well. At the start of main.
void overrule_environment(const std::vector<std::string>& entries);
// Whether $_SERVER may hold this environment variable.
bool belongs_in_server(std::string_view name);

}  // namespace howdah::php

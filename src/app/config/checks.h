#pragma once

// What cannot be seen from a value alone: files, directories, users, and settings that go together.

#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"

namespace howdah::app {

// "DOCUMENT_ROOT=/x (from the environment): no such directory; accepted: ..."
std::string describe_problem(const Config& config, std::string_view name, std::string_view wrong);

// Appends a line for each thing that is wrong. Fills in what depends on the machine: workers,
// threads, queue, users, the control socket's path, the spool's directory.
void resolve_and_check(Config& config, const std::string& program_directory,
                       std::vector<std::string>& problems);

// Where the control socket is when CONTROL_SOCKET does not say; empty when there is no place for
// it.
std::string default_control_socket();

// What to say of PHP_HOSTS when `php_version` ("8.2.35 NTS") is that of a PHP without threads;
// empty when there is nothing to say.
std::string idle_hosts_notice(const Config& config, std::string_view php_version);

// What to say of RATE_LIMIT when clients can only come through something on this machine that
// TRUSTED_PROXIES does not name, so that all of them are one; empty when there is nothing to say.
std::string shared_limit_notice(const Config& config);

// The found text of a setting; the setting must exist.
const FoundSetting& found(const Config& config, std::string_view name);

}  // namespace howdah::app

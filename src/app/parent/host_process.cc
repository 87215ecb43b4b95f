#include "app/parent/host_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <utility>

#include "app/parent/identity.h"
#include "base/unix_socket.h"

namespace howdah::app {
namespace {

constexpr int kCannotExecute = 127;

std::vector<char*> to_pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void give_up(const char* what, const char* reason) {
  std::fprintf(stderr, "howdah: cannot start the worker program: %s: %s\n", what, reason);
  ::_exit(kCannotExecute);
}

// In the child. Only what follows reaches PHP.
[[noreturn]] void become_host(const Config& config, uint32_t pool, int control_fd, pid_t parent_pid,
                              const rlimit& limit) {
  ::setsid();  // Ctrl-C on our terminal drains; it does not end workers
  reset_signals();
  restore_descriptor_limit(limit);
  // Standard output may be our log, in which a script's php://stdout has no place.
  int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0) {
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
  }
  if (auto status = become(config.run_as, std::nullopt); !status) {
    give_up("RUN_AS", status.error().message().c_str());
  }
  if (!end_with_parent(parent_pid, SIGTERM)) ::_exit(0);

  std::vector<std::string> arguments = php_arguments(config);
  for (std::string& argument : worker_arguments(config, pool)) {
    arguments.push_back(std::move(argument));
  }
  for (const std::string& argument : {std::string("--control-fd"), std::to_string(control_fd),
                                      std::string("--parent-pid"), std::to_string(parent_pid)}) {
    arguments.push_back(argument);
  }
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  ::fcntl(control_fd, F_SETFD, 0);
  execute_php(config, std::move(arguments));
}

}  // namespace

std::vector<std::string> php_arguments(const Config& config) {
  std::vector<std::string> arguments = {config.php_program, "--sapi-name", config.php_sapi_name};
  auto add = [&](const char* flag, const std::string& value) {
    arguments.emplace_back(flag);
    arguments.push_back(value);
  };
  if (!config.php_ini.empty()) add("--ini", config.php_ini);
  for (const std::string& setting : config.php_ini_set) add("--ini-set", setting);
  if (!config.use_ext) arguments.emplace_back("--no-ext");
  if (config.php_hosts > 1) add("--hosts", std::to_string(config.php_hosts));
  return arguments;
}

std::vector<std::string> worker_arguments(const Config& config, uint32_t pool) {
  if (pool == 0) return {};
  const WorkerScript& script = config.worker_scripts[pool - 1];
  std::vector<std::string> arguments = {"--worker-script", script.path,       "--worker-name",
                                        script.name,       "--document-root", config.document_root};
  for (const std::string& entry : script.environment) {
    arguments.insert(arguments.end(), {"--worker-env", entry});
  }
  if (script.mode == WorkerMode::kSnapshot) {
    arguments.insert(arguments.end(), {"--worker-mode", "snapshot", "--snapshot-ready",
                                       std::to_string(script.snapshot_ready)});
  }
  return arguments;
}

void execute_php(const Config& config, std::vector<std::string> arguments) {
  std::vector<std::string> environment = config.php_environment;
  std::vector<char*> argv = to_pointers(arguments);
  std::vector<char*> envp = to_pointers(environment);
  ::execve(config.php_program.c_str(), argv.data(), envp.data());
  give_up(config.php_program.c_str(), std::strerror(errno));
}

base::Result<HostProcess> start_host(const Config& config, uint32_t pool, const rlimit& limit) {
  auto pair = base::make_seqpacket_pair();
  if (!pair) return base::fail(pair.error());
  pid_t parent_pid = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno("fork");
  if (pid == 0) become_host(config, pool, pair->second.get(), parent_pid, limit);
  return HostProcess{pid, std::move(pair->first)};
}

}  // namespace howdah::app

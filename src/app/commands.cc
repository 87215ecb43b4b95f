#include "app/commands.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <tuple>

#include "app/advice/ask_php.h"
#include "app/advice/php_advice.h"
#include "app/advice/shared_user.h"
#include "app/advice/site_size.h"
#include "app/config/checks.h"
#include "app/config/command_line.h"
#include "app/config/load.h"
#include "app/config/settings.h"
#include "app/config/settings_page.h"
#include "app/front/control_server.h"
#include "app/parent/parent.h"
#include "app/parent/process_title.h"
#include "app/status/ask.h"
#include "app/status/status_command.h"

namespace howdah::app {
namespace {

using nlohmann::json;

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return 0;
}

int refuse(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) std::fprintf(stderr, "howdah: %s\n", problem.c_str());
  return kExitWrongSettings;
}

std::string program_directory() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

std::string describe_workers(const Config& config) {
  std::string workers = std::to_string(config.php_workers);
  if (config.php_workers_max > config.php_workers) {
    workers += fmt::format(" to {}", config.php_workers_max);
  }
  std::string text;
  if (config.classic_pool) {
    text += fmt::format("  {} PHP workers of {}, a queue of {}, {} event loop thread(s)\n", workers,
                        config.use_stub ? "no program" : config.php_program, config.queue_capacity,
                        config.front_threads);
  } else {
    text += fmt::format(
        "  no classic workers: no request would reach them\n  {}, {} event loop "
        "thread(s)\n",
        config.use_stub ? "no program" : config.php_program, config.front_threads);
  }
  for (const WorkerScript& script : config.worker_scripts) {
    text += fmt::format("  {} workers of {} for {}, a queue of {}{}\n", script.num, script.path,
                        fmt::join(script.match, ","), script.queue_capacity,
                        script.mode == WorkerMode::kSnapshot ? ", a fork for each request" : "");
  }
  return text;
}

// "what would run": the settings that differ from the defaults, then what was worked out.
std::string describe(const Config& config) {
  std::string text = "Settings that are not the default:\n";
  bool any = false;
  for (const FoundSetting& value : config.settings) {
    if (value.origin == Origin::kDefault) continue;
    bool secret = find_setting(value.name)->secrecy != Secrecy::kPublic;
    text += fmt::format("  {}={} (from {})\n", value.name, secret ? "***" : value.text,
                        name_of(value.origin));
    any = true;
  }
  if (!any) text += "  none\n";
  text += "What would run:\n";
  text += describe_workers(config);
  text += fmt::format("  site {}", config.document_root);
  if (!config.index_file.empty()) text += fmt::format(", index {}", config.index_file);
  text += "\n  listening on";
  for (const std::string& address : config.listen) text += " " + address;
  for (const std::string& address : config.tls_listen) text += " " + address + " (TLS)";
  text += '\n';
  if (config.run_as && config.front_user) {
    text +=
        fmt::format("  PHP as {}, the front as {}\n", config.run_as->user, config.front_user->user);
  }
  return text;
}

std::string describe_php(const PhpFacts& php, const SiteSize& site) {
  std::string opcache = "no OPcache";
  if (opcache_on(php)) {
    opcache = fmt::format("OPcache of {} MB, JIT {}", php.value("opcache.memory_consumption"),
                          jit_on(php) ? "on" : "off");
  }
  return fmt::format("  PHP {}, {}, {}\n  {} PHP files below {}\n", php.version,
                     php.ini_file.empty() ? "no php.ini" : php.ini_file, opcache, site.php_files,
                     site.root);
}

// A server hears this from its host when it starts.
std::string snapshot_problem(const Config& config, const PhpFacts& php) {
  bool snapshot = std::ranges::any_of(config.worker_scripts, [](const WorkerScript& script) {
    return script.mode == WorkerMode::kSnapshot;
  });
  if (!snapshot || !php.version.ends_with("ZTS")) return "";
  return describe_problem(config, "WORKER_MODE",
                          "snapshot needs a PHP without thread safety, not PHP " + php.version);
}

// `howdah check`: what would run, and what is unwise. PHP is started once, to hear its settings.
int check(const Config& config) {
  std::string text = describe(config);
  std::vector<std::string> notes = config.notices;
  std::ranges::move(shared_user_notes(config, ::geteuid(), ::getegid()), std::back_inserter(notes));
  std::string shared_limit = shared_limit_notice(config);
  if (!shared_limit.empty()) notes.push_back(std::move(shared_limit));
  std::string unwise;
  if (!config.use_stub) {
    PhpReport report = ask_php(config);
    if (!report.facts) {
      std::vector<std::string> problems = {
          fmt::format("PHP ({}) does not start: {}", config.php_program, report.failure)};
      for (const std::string& line : report.said) problems.push_back("PHP says: " + line);
      return refuse(problems);
    }
    std::string impossible = snapshot_problem(config, *report.facts);
    if (!impossible.empty()) return refuse({impossible});
    for (const std::string& line : report.said) notes.push_back("PHP says: " + line);
    std::string hosts = idle_hosts_notice(config, report.facts->version);
    if (!hosts.empty()) notes.push_back(std::move(hosts));
    SiteSize site = measure_site(config.document_root);
    text += describe_php(*report.facts, site);
    for (const Advice& advice : advise(config, *report.facts, site)) {
      unwise += "  " + advice.text() + "\n";
    }
  }
  if (!unwise.empty()) text += "Unwise settings of PHP (php.ini, PHP_INI_SET):\n" + unwise;
  for (const std::string& note : notes) text += "Note: " + note + "\n";
  return print(text + "The configuration is valid.\n");
}

std::string describe_reload(const json& reload) {
  std::string text =
      fmt::format("reloaded: worker generation {} serves\n", reload.value("generation", 0));
  for (const json& name : reload.value("needs_restart", json::array())) {
    text += fmt::format("{} has changed: it needs a restart, and stays as it was\n",
                        name.get<std::string>());
  }
  return text;
}

int reload(const Config& config) {
  ServerAnswer answer = ask_running_server(config, "reload", kReloadTimeout);
  if (answer.problem.empty()) return print(describe_reload(answer.json));
  std::fprintf(stderr, "howdah: %s\n", answer.problem.c_str());
  return answer.exit_status;
}

int run(const CommandLine& line, ProcessTitle& title) {
  if (line.command == Command::kHelp) return print(help_text());
  if (line.command == Command::kMarkdown) return print(settings_page());
  if (line.command == Command::kVersion) return print("howdah " HOWDAH_VERSION "\n");
  Sources sources{.flags = line.flags,
                  .env_file = line.env_file,
                  .environment = own_environment(),
                  .directory = line.directory,
                  .watch = line.watch,
                  .program_directory = program_directory()};
  Loaded loaded = load_config(sources);
  switch (line.command) {
    case Command::kStatus:
      return show_status(loaded.config, line.status_format);
    case Command::kReload:
      return reload(loaded.config);
    default:
      break;
  }
  if (!loaded.problems.empty()) return refuse(loaded.problems);
  if (line.command == Command::kCheck) return check(loaded.config);
  return parent_main(std::move(sources), std::move(loaded.config), title);
}

// One that is closed (`>&-`) would be the number of the next thing opened: what is printed or
// logged would end in a socket.
void fill_standard_descriptors() {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) std::ignore = ::open("/dev/null", O_RDWR);  // the lowest free
  }
}

}  // namespace

int howdah_main(int argc, char** argv) {
  fill_standard_descriptors();
  CommandLine line = parse_command_line(argc, argv);
  if (!line.problems.empty()) return refuse(line.problems);
  ProcessTitle title(argc, argv);
  try {
    return run(line, title);
  } catch (const std::exception& error) {
    // Only what a library throws at the start (no memory, a file system that vanishes).
    std::fprintf(stderr, "howdah: %s\n", error.what());
    return 1;
  }
}

}  // namespace howdah::app

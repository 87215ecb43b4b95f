#include "app/parent/parent.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "app/config/checks.h"
#include "app/config/service_manager.h"
#include "app/parent/identity.h"
#include "app/parent/log_file.h"
#include "app/parent/reloadable.h"
#include "app/parent/sockets.h"
#include "app/parent/supervisor.h"
#include "base/direct_log_sink.h"
#include "base/shared_counter.h"

namespace howdah::app {
namespace {

int refuse(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) std::fprintf(stderr, "howdah: %s\n", problem.c_str());
  return kExitWrongSettings;
}

// What a browser can open: a wildcard address is not.
std::string url_of(std::string_view scheme, const std::string& name) {
  if (name.starts_with("unix:")) return name;
  std::string port = name.substr(name.rfind(':'));
  bool wildcard = name.starts_with("0.0.0.0:") || name.starts_with("[::]:");
  return std::string(scheme) + "://" + (wildcard ? "127.0.0.1" + port : name) + "/";
}

// A log without a reader and a file that may not grow (RLIMIT_FSIZE) are errors of write() to every
// process of ours, and no way to end it.
void ignore_write_signals() {
  for (int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_IGN);
}

// Of all pools.
uint32_t workers_of(const Config& config) {
  uint32_t workers = config.classic_pool ? config.php_workers : 0;
  for (const WorkerScript& script : config.worker_scripts) workers += script.num;
  return workers;
}

void say_what_starts(const Config& config, const Sockets& sockets, const base::Logger& log) {
  for (const std::string& notice : config.notices) log.warn(notice);
  log.info("starting", {{"version", HOWDAH_VERSION},
                        {"document_root", config.document_root},
                        {"workers", uint64_t{workers_of(config)}},
                        {"front_threads", uint64_t{config.front_threads}}});
  if (!config.development) return;
  auto say = [&](std::string_view scheme, const net::Listener& listener) {
    std::fprintf(stderr, "\n  Howdah serves %s\n  at %s   (Ctrl-C ends)\n\n",
                 config.document_root.c_str(), url_of(scheme, listener.name).c_str());
  };
  for (const net::Listener& listener : sockets.plain) say("http", listener);
  for (const net::Listener& listener : sockets.tls) say("https", listener);
}

}  // namespace

int parent_main(Sources sources, Config config, ProcessTitle& title) {
  ignore_write_signals();
  std::vector<std::string> problems;
  ServiceManager manager = service_manager(sources.environment, ::getpid(), problems);
  auto log_fd = open_log(config);
  if (!log_fd) {
    problems.push_back(describe_problem(config, "LOG_FILE", log_fd.error().message()));
    return refuse(problems);
  }
  TlsKeys tls(config);
  auto keys = tls.load();
  if (!keys) {
    // They were right a moment ago, when the settings were checked.
    for (const TlsProblem& problem : keys.error()) {
      problems.push_back(describe_problem(config, problem.setting, problem.what));
    }
    return refuse(problems);
  }
  hide_memory();
  rlimit descriptor_limit = raise_descriptor_limit();
  Sockets sockets = open_sockets(config, problems);
  if (!problems.empty()) return refuse(problems);

  std::optional<ops::SpanRings> spans;
  if (!config.otlp_endpoint.empty()) {
    auto rings = ops::SpanRings::create(config.front_threads);
    if (!rings) base::die("memory for spans");
    spans.emplace(std::move(*rings));
  }

  auto lost_lines = base::SharedCounter::create();
  if (!lost_lines) base::die("memory for a counter");
  base::Logger::Options log_options = logger_options(config, log_fd->get());
  base::DirectLogSink sink(log_fd->get(), log_options);
  sink.count_lost_in(*lost_lines);
  base::Logger log(sink, log_options);
  say_what_starts(config, sockets, log);
  title.set("howdah: parent");
  Reloadable settings(std::move(sources), std::move(config), std::move(tls));
  Notifier notifier(std::move(manager), log);
  Supervisor supervisor({.settings = settings,
                         .sockets = sockets,
                         .log = log,
                         .notifier = notifier,
                         .log_fd = log_fd->get(),
                         .lost_lines = *lost_lines,
                         .descriptor_limit = descriptor_limit,
                         .title = title,
                         .spans = spans ? &*spans : nullptr});
  int status = supervisor.run();
  remove_socket_files(sockets);
  if (status == 0) log.info("ended");
  return status;
}

}  // namespace howdah::app

#include "app/front/front.h"

#include <signal.h>
#include <sys/prctl.h>

#include <string>
#include <tuple>

#include "app/config/checks.h"
#include "app/front/front_server.h"
#include "app/front/system_call_filter.h"
#include "app/parent/identity.h"
#include "app/parent/log_file.h"
#include "base/async_log_sink.h"

namespace howdah::app {
namespace {

base::Status give_up_rights(const Config& config, pid_t parent_pid) {
  std::optional<gid_t> site_group;
  if (config.run_as) site_group = config.run_as->gid;
  drop_capability_bounds();
  auto status = become(config.front_user, site_group);
  if (!status) return status;
  hide_memory();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return base::fail_errno("PR_SET_NO_NEW_PRIVS");
  if (!end_with_parent(parent_pid, SIGKILL)) {
    return base::fail({base::ErrorKind::kClosed, 0, "the parent is gone"});
  }
  return {};
}

// A filter that was asked for and cannot be had stops the start; without one nobody asked for the
// front goes on as it is.
base::Status filter_system_calls(const Config& config, const base::Logger& log) {
  if (!config.seccomp) return {};
  bool elsewhere = !config.rate_limit_store.empty();
  auto filtered = install_system_call_filter(elsewhere ? Outbound::kByIp : Outbound::kNone);
  if (filtered || found(config, "SECCOMP").origin != Origin::kDefault) return filtered;
  log.warn("the front runs without its system call filter",
           {{"reason", filtered.error().message()}});
  return {};
}

}  // namespace

int front_main(FrontStart start) {
  std::ignore = ::prctl(PR_SET_NAME, "howdah-front");
  auto status = give_up_rights(start.config, start.parent_pid);
  base::Logger::Options log_options = logger_options(start.config, start.log_fd);
  base::AsyncLogSink sink(start.log_fd, log_options);
  base::Logger log(sink, log_options);
  if (!status) {
    log.error("the front cannot start: " + status.error().message());
    return 1;
  }
  FrontServer server(start, log, sink);
  if (auto prepared = server.prepare(); !prepared) {
    log.error("the front cannot start: " + prepared.error().message());
    return 1;
  }
  start.tls.reset();  // its contents are in OpenSSL now
  if (auto filtered = filter_system_calls(start.config, log); !filtered) {
    log.error("the front cannot start: SECCOMP=1: " + filtered.error().message());
    return 1;
  }
  return server.run();
}

}  // namespace howdah::app

#include "app/traces/export_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string>
#include <tuple>
#include <utility>

#include "app/parent/identity.h"
#include "app/parent/link.h"
#include "app/parent/log_file.h"
#include "app/traces/export_loop.h"
#include "base/direct_log_sink.h"
#include "base/unix_socket.h"

namespace howdah::app {
namespace {

// Where the child has its only descriptors beside the standard ones.
constexpr int kControl = STDERR_FILENO + 1;
constexpr int kLog = kControl + 1;

base::Status give_up_rights(const Config& config, pid_t parent_pid) {
  auto status = become(config.front_user, std::nullopt);
  if (!status) return status;
  hide_memory();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return base::fail_errno("PR_SET_NO_NEW_PRIVS");
  if (!end_with_parent(parent_pid, SIGKILL)) {
    return base::fail({base::ErrorKind::kClosed, 0, "the parent is gone"});
  }
  return {};
}

void keep_descriptors(int control, int log) {
  // Out of the way of the numbers they will have.
  control = ::fcntl(control, F_DUPFD, kLog + 1);
  log = ::fcntl(log, F_DUPFD, kLog + 1);
  ::dup2(control, kControl);
  ::dup2(log, kLog);
  ::close_range(kLog + 1, ~0U, 0);
}

ops::SpanResource resource_of(const Config& config) {
  ops::SpanResource resource = config.otel_resource;
  std::erase_if(resource, [](const auto& pair) { return pair.first == "service.name"; });
  resource.emplace_back("service.name", config.otel_service_name);
  resource.emplace_back("telemetry.sdk.name", "howdah");
  resource.emplace_back("telemetry.sdk.language", "cpp");
  resource.emplace_back("telemetry.sdk.version", HOWDAH_VERSION);
  return resource;
}

// In the child. The parent's signals stay blocked: its word is what ends this process.
[[noreturn]] void become_exporter(const Config& config, ops::SpanRings& rings, int control,
                                  int log_fd, base::SharedCounter& lost_lines, pid_t parent_pid) {
  std::ignore = ::prctl(PR_SET_NAME, "howdah-traces");
  keep_descriptors(control, log_fd);
  base::DirectLogSink sink(kLog, logger_options(config, kLog));
  sink.count_lost_in(lost_lines);
  base::Logger log(sink, logger_options(config, kLog));
  std::ignore = base::set_nonblocking(kControl);
  boost::asio::io_context io(1);
  // Before the rights are gone that reading a certificate may need.
  auto client = OtlpClient::create(io, *parse_otlp_target(config.otlp_endpoint),
                                   config.otlp_headers, config.otlp_certificate);
  auto status = give_up_rights(config, parent_pid);
  if (!client) status = base::fail(client.error());
  if (!status) {
    log.error("spans cannot be exported: " + status.error().message());
    ::_exit(1);
  }
  ExportLoop(io, **client, rings, resource_of(config), kControl, log, kLog).run();
  // Not by way of destructors: a name may still be being resolved, for long.
  ::_exit(0);
}

}  // namespace

base::Result<ExportProcess> ExportProcess::start(const Config& config, ops::SpanRings& rings,
                                                 int log_fd, base::SharedCounter& lost_lines,
                                                 ProcessTitle& title) {
  auto pair = base::make_seqpacket_pair();
  if (!pair) return base::fail(pair.error());
  pid_t parent_pid = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno("fork");
  if (pid == 0) {
    title.set("howdah: traces");
    become_exporter(config, rings, pair->second.get(), log_fd, lost_lines, parent_pid);
  }
  ExportProcess process;
  process.pid_ = pid;
  process.socket_ = std::move(pair->first);
  std::ignore = base::set_nonblocking(process.socket_.get());
  return process;
}

void ExportProcess::use_log(int fd) {
  if (!socket_) return;
  int fds[] = {fd};
  std::ignore = send_link(socket_.get(), {.type = LinkType::kNewLog}, fds);
}

void ExportProcess::finish() {
  if (socket_) std::ignore = send_link(socket_.get(), {.type = LinkType::kDrain});
}

void ExportProcess::stop() {
  if (pid_ != 0) ::kill(pid_, SIGKILL);
}

void ExportProcess::forget() {
  pid_ = 0;
  socket_.reset();
}

}  // namespace howdah::app

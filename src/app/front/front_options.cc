#include "app/front/front_options.h"

#include <optional>

#include "app/config/worker_scripts.h"
#include "http/trace_context.h"
#include "net/listener.h"

namespace howdah::app {
namespace {

// Longer than any connection lives: IDLE_TIMEOUT_SECS=off.
constexpr base::Nanos kNoIdleLimit = base::kSecond * 86400 * 365;

// Of the first address that speaks TLS and has a port.
std::optional<uint16_t> https_port(const Sockets& sockets) {
  for (const net::Listener& listener : sockets.tls) {
    auto address = net::parse_listen_address(listener.name);
    if (address && address->kind == net::ListenAddress::Kind::kTcp) return address->port;
  }
  return std::nullopt;
}

}  // namespace

serve::ServeOptions serve_options(const Config& config, const Sockets& sockets) {
  serve::ServeOptions options;
  options.document_root = config.document_root;
  options.index_file = config.index_file;
  options.index_scripts = config.index_scripts;
  options.php_deny = config.php_deny;
  for (const WorkerScript& script : config.worker_scripts) {
    options.workers.push_back({.path = script.path, .name = script.name, .match = script.match});
  }
  options.follow_symlinks = config.follow_symlinks;
  options.sendfile_root = config.sendfile_root;
  options.compression = config.compression;
  options.live_reload = config.watch;
  options.profile = config.profile;
  // Who develops sees each change at once.
  if (config.development) options.file_trust = 0;
  options.static_cache_ttl = std::nullopt;
  if (config.static_cache_ttl != 0) options.static_cache_ttl = config.static_cache_ttl;
  options.static_cache_size = config.static_cache_size;
  options.max_body_size = config.max_body_size;
  options.max_header_size = config.max_header_size;
  options.header_timeout = config.header_timeout;
  options.body_timeout = config.body_timeout;
  options.idle_timeout = config.idle_timeout.value_or(kNoIdleLimit);
  options.write_timeout = config.write_timeout;
  options.queue_timeout = config.queue_timeout;
  options.request_timeout = config.request_timeout;
  options.trace_threshold = http::sampling_threshold(config.trace_ratio);
  options.max_connections = config.max_connections;
  if (config.tls_redirect) options.redirect_port = https_port(sockets);
  options.max_connections_per_ip = config.max_connections_per_ip;
  options.trusted_proxies = config.trusted_proxies;
  options.response_headers = config.response_headers;
  options.error_pages = config.error_pages;
  options.spool_dir = config.spool_dir;
  options.spool_max = config.spool_max;
  options.stub = config.use_stub ? serve::StubMode::kEmptyAnswers : serve::StubMode::kOff;
  return options;
}

serve::RateLimits rate_limits(const Config& config) {
  return {.requests = config.rate_limit, .window = config.rate_window};
}

pool::PoolOptions pool_options(const Config& config, uint32_t number) {
  pool::PoolOptions options{.workers = config.php_workers,
                            .workers_max = config.php_workers_max,
                            .queue_capacity = config.queue_capacity,
                            .max_requests = config.php_max_requests,
                            .max_memory = config.php_max_memory,
                            .cpus = config.cpus,
                            .slow_request = config.slow_request,
                            .retirement_limit = config.reload_drain,
                            .root = config.document_root};
  if (number == 0) return options;
  const WorkerScript& script = config.worker_scripts[number - 1];
  options.name = pool_name(config, number);
  options.workers = options.workers_max = script.num;
  options.queue_capacity = script.queue_capacity;
  options.script = script.path;
  options.max_boot_failures = script.max_failures;
  options.forks = script.mode == WorkerMode::kSnapshot;
  options.pause_limit = config.request_timeout;
  // A fork serves one request, and its memory goes with it.
  if (options.forks) options.max_requests = options.max_memory = 0;
  return options;
}

}  // namespace howdah::app
